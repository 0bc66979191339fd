//! A service whose answers are as they are asked for.

use std::future::ready;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use futures_util::future::BoxFuture;
use seam::{Answer, Blob};
use seam_core::call::Client;
use seam_core::context::Principal;
use seam_gateway::{
    Asked, AskedRequest, Edge, EdgeSettings, Own, Refusal, SecurityPlugin, WebSettings,
};

use super::{Ready, settings};

#[seam::contract(name = "page", version = "1.0")]
pub(crate) trait Page {
    /// A text of that many letters.
    #[call(public, http = "GET /api/text/{length}")]
    #[call(http = "POST /api/text/{length}")]
    async fn text(&self, length: u32, some_note: Option<String>) -> String;

    /// The same, with a header.
    #[call(http = "GET /api/say/{length}")]
    async fn say(
        &self,
        length: u32,
        name: String,
        value: String,
        status: Option<u16>,
    ) -> Answer<String>;

    /// So many bytes of that media type.
    #[call(http = "GET /api/blob/{length}")]
    async fn blob(&self, length: u32, kind: String) -> Blob;

    /// Whom it is answered for.
    #[call(http = "GET /api/mine")]
    async fn mine(&self) -> String;

    /// The same, for anyone.
    #[call(http = "GET /api/everyones", allow = "anyone", cache = "1h")]
    async fn everyones(&self) -> String;

    /// The same, of that subject alone.
    #[call(http = "GET /api/own/{id}", allow = "self:id or role:support", cache = "1h")]
    async fn own(&self, id: u32) -> String;

    /// Waits until it is let go, and then fails if it is told to.
    #[call(http = "GET /api/slow/{id}")]
    async fn slow(&self, id: u32, fails: Option<bool>) -> Result<Answer<u32>, PageError>;
}

#[seam::error]
pub(crate) enum PageError {
    /// It was told to fail.
    #[error(status = 409)]
    Told,
}

/// Counts calls, so that tests see which were made.
#[derive(Clone, Default)]
pub(crate) struct PageService {
    pub(crate) calls: Arc<AtomicU32>,
    pub(crate) release: Arc<tokio::sync::Notify>,
    /// Answers of `slow` come with a cookie.
    pub(crate) cookies: bool,
}

impl Page for PageService {
    async fn text(&self, length: u32, _: Option<String>) -> String {
        self.calls.fetch_add(1, Ordering::SeqCst);
        "seam ".chars().cycle().take(length as usize).collect()
    }

    async fn say(
        &self,
        length: u32,
        name: String,
        value: String,
        status: Option<u16>,
    ) -> Answer<String> {
        let answer = Answer::new(self.text(length, None).await).with_header(name, value);
        status.into_iter().fold(answer, Answer::with_status)
    }

    async fn blob(&self, length: u32, kind: String) -> Blob {
        Blob::new(kind, vec![b'x'; length as usize])
    }

    async fn mine(&self) -> String {
        self.calls.fetch_add(1, Ordering::SeqCst);
        seam::principal().map_or_else(|| "nobody".into(), |principal| principal.subject)
    }

    async fn everyones(&self) -> String {
        self.mine().await
    }

    async fn own(&self, id: u32) -> String {
        format!("{id} for {}", self.mine().await)
    }

    async fn slow(&self, id: u32, fails: Option<bool>) -> Result<Answer<u32>, PageError> {
        let call = self.calls.fetch_add(1, Ordering::SeqCst);
        self.release.notified().await;
        match fails {
            Some(true) => Err(PageError::Told),
            _ if self.cookies => Ok(Answer::new(id).with_header("Set-Cookie", format!("n={call}"))),
            _ => Ok(Answer::new(id)),
        }
    }
}

/// An edge before such a service.
pub(crate) fn page(service: &PageService, web: WebSettings) -> Edge {
    page_with(service, web, Own::default())
}

/// The same, which knows who sends `Who`: its name, and its roles behind colons.
pub(crate) fn page_that_knows(service: &PageService, web: WebSettings) -> Edge {
    page_with(service, web, Own { plugins: vec![Arc::new(Believing)], ..Own::default() })
}

fn page_with(service: &PageService, web: WebSettings, own: Own) -> Edge {
    let known = !own.plugins.is_empty();
    let settings = EdgeSettings { web: web.into(), known, ..settings() };
    let page = Arc::new(Client::<PageContract>::local(service.clone()).unwrap());
    Edge::bind_with(settings, vec![page], Arc::new(Ready), own).unwrap()
}

/// Believes whatever it is told.
struct Believing;

impl SecurityPlugin for Believing {
    fn name(&self) -> &str {
        "believing"
    }

    fn knows_clients(&self) -> bool {
        true
    }

    fn authenticate<'a>(
        &'a self,
        request: &'a AskedRequest<'a>,
    ) -> BoxFuture<'a, Result<Option<Principal>, Refusal>> {
        let mut told = request.header("who").into_iter().flat_map(|who| who.split(':'));
        let principal = told.next().map(|name| Principal::new(name, "told").with_roles(told));
        Box::pin(ready(Ok(principal)))
    }

    fn authorize<'a>(&'a self, asked: &'a Asked<'a>) -> BoxFuture<'a, Result<(), Refusal>> {
        let blocked = asked.principal().is_some_and(|principal| principal.has_role("blocked"));
        let refusal = || Err(Refusal::denied("blocked", "it was told not to"));
        Box::pin(ready(if blocked { refusal() } else { Ok(()) }))
    }
}
