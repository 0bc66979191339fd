//! Calls by a contract that nobody here was built with: in JSON text, decoded by the callee.

use std::future::{Future, ready};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use seam::prelude::*;
use seam::{Answer, Blob};
use seam_core::call::{
    AnyClient, CallOptions, CallPolicy, Deadlines, Faults, FetchedClient, FetchedRoute, Hosts,
    Inbox, JsonBody, Rehearsal,
};
use seam_core::contract::{Contract, FetchedContract, ServiceFailure, descriptor_text};
use seam_core::home::Home;
use seam_core::metrics::Meters;
use seam_core::name::ServiceId;
use seam_core::record::Recorder;
use seam_core::remote::{Caller, Remote};
use seam_core::time::Clock;
use seam_core::turn::{Factory, Host, HostSettings};

#[seam::error]
enum PointsError {
    /// nobody gets so many
    #[error(status = 400, text = "no more than {most} points at once")]
    TooMany { most: u64 },
}

#[seam::contract(name = "fetched-points", version = "1.0")]
trait Points {
    /// Gives points.
    #[call(http = "POST /api/points/{user_id}", status = 201, public)]
    async fn give(&mut self, user_id: u64, points: u64) -> Result<Balance, PointsError>;
    /// All of them as a picture.
    #[call(public)]
    async fn picture(&self) -> Blob;
    /// Nothing, with a header.
    #[call(public)]
    async fn quiet(&self) -> Answer<Option<u8>>;
    /// Nobody outside may.
    async fn reset(&mut self);
}

#[seam::message]
struct Balance {
    user_id: u64,
    points: u64,
}

struct Book;

impl Points for Book {
    async fn give(&mut self, user_id: u64, points: u64) -> Result<Balance, PointsError> {
        tokio::task::yield_now().await;
        if points > 100 {
            Err(PointsError::TooMany { most: 100 })
        } else {
            Ok(Balance { user_id, points })
        }
    }

    async fn picture(&self) -> Blob {
        Blob::new("image/png", vec![1, 2, 255])
    }

    async fn quiet(&self) -> Answer<Option<u8>> {
        Answer::new(None).with_status(202).with_header("X-Points", "none")
    }

    async fn reset(&mut self) {}
}

type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

struct Books;

impl Factory<Book> for Books {
    fn build(&self) -> Boxed<'_, Result<Book, StartError>> {
        Box::pin(ready(Ok(Book)))
    }

    fn stop<'a>(&'a self, _: &'a mut Book) -> Boxed<'a, ()> {
        Box::pin(ready(()))
    }

    fn health<'a>(&'a self, _: &'a Book) -> Boxed<'a, Health> {
        Box::pin(ready(Health::Good))
    }
}

/// A client made of nothing but the descriptor's text, over a wire with such faults.
async fn client(caller: Caller, faults: Faults) -> (FetchedClient, Arc<FetchedRoute>) {
    let service = ServiceId::of(PointsContract::NAME).unwrap();
    let clock = Clock::fast();
    let host = Host::start(HostSettings::new(service, Home::shared().unwrap()), Arc::new(Books));
    seam_core::turn::Keeping::started(&*host).await.unwrap();
    let host = PointsContract::erase(host);
    let recorder = Arc::new(Recorder::new(&clock, 0));
    let contract_here = PointsContract::descriptor();
    let meters = Meters::new(service, contract_here, Arc::clone(&recorder), clock.clone());
    let inbox = Inbox::<PointsContract>::new(service, host, [], Arc::new(meters));
    let wire = Rehearsal::new(Arc::new(inbox), faults, clock.clone()).seeded(1);
    let (text, hash) = descriptor_text(PointsContract::descriptor());
    let contract = FetchedContract::keep(hash, &text).unwrap();
    let settings = (Deadlines::default(), &CallPolicy::default());
    let remote: Arc<dyn Remote> = Arc::new(wire);
    let route = Arc::new(FetchedRoute::new(service, contract, remote, settings, clock, recorder));
    (FetchedClient::new(Arc::clone(&route), caller), route)
}

async fn give(
    client: &FetchedClient,
    arguments: &str,
) -> Result<String, CallError<ServiceFailure>> {
    let answer = client.call_json(0, arguments.as_bytes(), CallOptions::default()).await?;
    Ok(String::from_utf8(answer.into_json()).unwrap())
}

#[tokio::test]
async fn a_contract_that_was_fetched_is_called_in_json() {
    let (client, route) = client(Caller::Edge, Faults::default()).await;
    let given = give(&client, r#"{"userId": 1, "points": 7}"#).await;
    assert_eq!(given.as_deref(), Ok(r#"{"userId":1,"points":7}"#));

    // Errors come with all that the edge tells of them.
    let Err(CallError::Service(failure)) = give(&client, r#"{"userId":1,"points":101}"#).await
    else {
        panic!("too many")
    };
    assert_eq!((failure.code.as_str(), failure.status), ("too_many", 400));
    assert_eq!(failure.detail, "no more than 100 points at once");
    assert_eq!(failure.fields["most"], 100);
    assert_eq!(failure.whole, None);

    // What is wrong is said by the callee, whose types decide.
    for (wrong, named) in [
        (r#"{"userId":1,"points":"7"}"#, "`points`"),
        (r#"{"userId":1,"points":-7}"#, "`points`"),
        (r#"{"userId":1}"#, "`points`"),
        (r#"{"userId":1,"points":7,"pionts":7}"#, "`pionts`"),
    ] {
        let refused = give(&client, wrong).await.unwrap_err();
        assert!(matches!(refused, CallError::NotExecuted(NotExecuted::BadRequest { .. })));
        assert!(refused.to_string().contains(named), "{wrong}: {refused}");
    }
    let called = route.meters().called();
    let give = &called.iter().find(|(name, _)| *name == "give").unwrap().1;
    assert_eq!((give.calls, give.answered), (6, 1));
}

#[tokio::test]
async fn bytes_heads_and_nothing_come_through() {
    let (client, _) = client(Caller::Edge, Faults::default()).await;
    let picture = client.call_json(1, b"", CallOptions::default()).await.unwrap();
    assert_eq!(picture.body, JsonBody::Blob(Blob::new("image/png", vec![1, 2, 255])));
    assert_eq!(picture.head, None);
    let quiet = client.call_json(2, b"{}", CallOptions::default()).await.unwrap();
    let head = quiet.head.clone().unwrap();
    assert_eq!((head.status, &head.headers[0].1[..]), (Some(202), "none"));
    assert_eq!(quiet.into_json(), b"null");
}

#[tokio::test]
async fn what_the_edge_may_not_call_it_may_not_call_in_json_either() {
    for (caller, may) in [(Caller::Edge, false), (Caller::Program, true)] {
        let (client, _) = client(caller, Faults::default()).await;
        let reset = client.call_json(3, b"{}", CallOptions::default()).await;
        let denied = matches!(reset, Err(CallError::NotExecuted(NotExecuted::Denied { .. })));
        assert_eq!((reset.is_ok(), denied), (may, !may), "{reset:?}");
        let unknown = client.call_json(9, b"{}", CallOptions::default()).await;
        assert!(matches!(unknown, Err(CallError::NotExecuted(NotExecuted::BadRequest { .. }))));
    }
}

#[tokio::test]
async fn what_is_lost_is_unknown_and_isnt_tried_again() {
    let lost = Faults { lost: 1.0, ..Faults::default() };
    let (client, _) = client(Caller::Program, lost).await;
    let options =
        CallOptions { deadline: Some(Duration::from_millis(50)), ..CallOptions::default() };
    let given = client.call_json(0, br#"{"userId":1,"points":7}"#, options).await;
    assert!(given.unwrap_err().unknown());
}
