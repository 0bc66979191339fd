//! A request stays on the thread that read it: links count on that, and answer it there.

use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread::{self, ThreadId};
use std::time::Duration;

use seam_core::call::{Client, Deadlines, Route, Target};
use seam_core::name::ServiceId;
use seam_core::outcome::NotExecuted;
use seam_core::remote::{Caller, Outbound, Remote, RemoteReply, Replies, Sent};
use seam_core::time::Clock;
use seam_gateway::Edge;
use tokio::runtime::{Handle, RuntimeFlavor};

use crate::support::{Ready, ShelfContract, get, settings};

/// Tells who calls, where that is, and where the reply is awaited.
struct Witness(Sender<(Caller, RuntimeFlavor, ThreadId, ThreadId)>);

impl Replies for Witness {}

impl Remote for Witness {
    fn send(&self, call: Outbound<'_>) -> Sent {
        let (tell, caller) = (self.0.clone(), call.caller);
        let flavor = Handle::current().runtime_flavor();
        let sent = thread::current().id();
        Sent::Waits(RemoteReply::from_future(async move {
            // Another thread wakes it.
            let _ = tokio::task::spawn_blocking(|| ()).await;
            let _ = tell.send((caller, flavor, sent, thread::current().id()));
            Err(NotExecuted::unavailable("nobody is there").into())
        }))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_is_made_and_awaited_on_one_thread() {
    let service = ServiceId::of("shelf").unwrap();
    let route = Route::<ShelfContract>::new(service, Deadlines::default(), Clock::fast());
    let (tell, told) = channel();
    route.set(Target::Remote(Arc::new(Witness(tell))));
    let client = Client::new(Arc::new(route), Caller::Program);
    let edge = Edge::bind(settings(), vec![Arc::new(client)], Arc::new(Ready)).unwrap();
    for _ in 0..8 {
        assert_eq!(get(&edge, "/api/book/1").await.problem().0, 503);
        let (caller, flavor, sent, awaited) = told.recv().unwrap();
        assert_eq!((caller, flavor), (Caller::Edge, RuntimeFlavor::CurrentThread));
        assert_eq!(sent, awaited);
    }
    edge.stop(Duration::from_secs(5)).await;
}
