//! A service whose answers are as they are asked for.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use seam::{Answer, Blob};
use seam_core::call::Client;
use seam_gateway::{Edge, EdgeSettings, WebSettings};

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
    let settings = EdgeSettings { web: web.into(), ..settings() };
    let page = Arc::new(Client::<PageContract>::local(service.clone()).unwrap());
    Edge::bind(settings, vec![page], Arc::new(Ready)).unwrap()
}
