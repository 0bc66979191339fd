//! Services of the runtime's own: what processes ask each other beside the calls of an app. Each has one
//! method, which takes bytes that say themselves what they are, and answers such.

use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Caller, Encode, Form, Inbound, Outbound, Remote, ReplyBody, ReplyKind, Served};
use crate::codec::CodecError;
use crate::context::CallContext;
use crate::contract::{ContractDescriptor, MethodDescriptor, MethodSpec, Never};
use crate::name::ServiceId;
use crate::outcome::{CallError, Failure, NotExecuted, Unknown};
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

/// Asks one whose bytes are MessagePack, by names: see [`serve_named`].
///
/// # Errors
/// Why there is no answer, for people.
pub async fn ask_named<Q: Serialize, A: DeserializeOwned>(
    service: ServiceId,
    remote: &Arc<dyn Remote>,
    time: (&Clock, Duration),
    request: &Q,
) -> Result<A, String> {
    let request = rmp_serde::to_vec_named(request).map_err(|error| error.to_string())?;
    let reply = ask_own(service, remote, time, request).await;
    let reply = reply.map_err(|failure| CallError::<Never>::from(failure).to_string())?;
    rmp_serde::from_slice(&reply).map_err(|error| error.to_string())
}

/// Answers what such a service was asked in MessagePack, by names, in the same.
pub fn serve_named<Q, A, F>(
    inbound: &Inbound<'_>,
    clock: &Clock,
    answer: impl FnOnce(Q) -> F,
) -> Served
where
    Q: DeserializeOwned,
    A: Serialize,
    F: Future<Output = A> + Send + 'static,
{
    let request = match rmp_serde::from_slice(inbound.body) {
        Ok(request) => request,
        Err(error) => {
            let why = format!("no request to a service of the runtime's own: {error}");
            return Served::failed(NotExecuted::bad_request(why));
        }
    };
    let (answer, clock) = (answer(request), clock.clone());
    Served::later(async move {
        let bytes = rmp_serde::to_vec_named(&answer.await).map_err(|error| {
            // It was done, whatever can be told of it.
            Failure::from(Unknown::Unreadable { why: error.to_string().into() })
        })?;
        Ok(own_answer(bytes, clock.now()))
    })
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
