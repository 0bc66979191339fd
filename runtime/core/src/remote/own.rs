//! Services of the runtime's own: what processes ask each other beside the calls of an app. Each has one
//! method, which takes bytes that say themselves what they are, and answers such.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use super::{Caller, Encode, Form, Outbound, Remote, ReplyBody, ReplyKind};
use crate::codec::CodecError;
use crate::context::CallContext;
use crate::contract::{ContractDescriptor, MethodDescriptor, MethodSpec};
use crate::name::ServiceId;
use crate::outcome::Failure;
use crate::time::{Clock, Moment};

static ASK: MethodSpec = MethodSpec::plain("ask", 0);

/// The contract of such a service; `layout` says what its bytes are.
pub fn own_contract(name: &str, layout: &str) -> ContractDescriptor {
    let plain = MethodDescriptor::plain(ASK.name, ASK.index);
    let method = MethodDescriptor { hash: 1, layout: layout.to_owned(), ..plain };
    let (name, version, doc) = (name.to_owned(), "1.0".into(), String::new());
    ContractDescriptor { name, version, doc, methods: vec![method], events: vec![] }
}

/// Asks one: each unit of the app may, whoever else it may call for. No answer is waited for beyond the
/// deadline.
///
/// # Errors
/// As any call's.
pub async fn ask_own(
    service: ServiceId,
    remote: &Arc<dyn Remote>,
    (clock, deadline): (&Clock, Duration),
    request: Vec<u8>,
) -> Result<Vec<u8>, Failure> {
    let context = CallContext::root().with_deadline(clock.now().after(deadline));
    let body = Written(request);
    let sent = poll_fn(|cx| {
        Poll::Ready(remote.send(Outbound {
            service,
            method: &ASK,
            caller: Caller::Service(service),
            context: &context,
            body: &body,
            form: Form::Encoded,
            tried: 0,
            key: None,
            now: clock.now(),
            waker: cx.waker(),
        }))
    });
    let reply = sent.await.by(remote).await?;
    Ok(reply.bytes.to_vec())
}

/// What such a service answers.
pub fn own_answer(bytes: Vec<u8>, at: Moment) -> ReplyBody {
    ReplyBody { kind: ReplyKind::Answer, degraded: false, bytes: bytes.into(), at }
}

/// What was written before.
struct Written(Vec<u8>);

impl Encode for Written {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), CodecError> {
        out.extend(&self.0);
        Ok(())
    }
}
