//! What HTTP is told of an answer beside its value is the same wherever the service lives.

use std::net::SocketAddr;

use seam::prelude::*;
use seam::{Answer, App, Blob, Cookie, Running};
use seam_tests::http::{Request, get, head, post, post_text};
use serde_json::json;

use crate::support::{soon, until};

#[seam::contract(name = "studio", version = "1.0")]
trait Studio {
    /// Lets somebody in.
    #[call(public, http = "POST /api/session", status = 201)]
    async fn open(&self, name: String) -> Result<Answer<String>, StudioError>;

    /// Keeps a picture, and gives it back.
    #[call(http = "POST /api/picture", accept = "image/png")]
    async fn develop(&mut self, picture: Blob) -> Result<Blob, StudioError>;

    /// The picture that is kept.
    #[call(http = "GET /api/picture")]
    async fn picture(&self) -> Result<Answer<Blob>, StudioError>;

    /// An answer that HTTP can't say.
    #[call(http = "GET /api/broken")]
    async fn broken(&self) -> Answer<u8>;
}

#[seam::error]
enum StudioError {
    /// There is no picture:
    /// take one.
    ///
    /// Pictures are lost when the studio closes.
    #[error(status = 404)]
    NoPicture,
}

struct StudioService {
    picture: Option<Blob>,
}

impl Actor for StudioService {
    type Contract = StudioContract;
    type Config = ();
    type Needs = ();

    async fn start(_: &mut Setup<Self>) -> Result<Self, StartError> {
        Ok(Self { picture: None })
    }
}

impl Studio for StudioService {
    async fn open(&self, name: String) -> Result<Answer<String>, StudioError> {
        let cookie = Cookie::new("session", &name).http_only();
        Ok(Answer::new(name)
            .with_status(202)
            .with_header("Cache-Control", "no-store")
            .with_cookie(cookie)
            .with_cookie(Cookie::new("seen", "1")))
    }

    async fn develop(&mut self, picture: Blob) -> Result<Blob, StudioError> {
        self.picture = Some(picture.clone());
        Ok(picture)
    }

    async fn picture(&self) -> Result<Answer<Blob>, StudioError> {
        let picture = self.picture.clone().ok_or(StudioError::NoPicture)?;
        Ok(Answer::new(picture).with_status(203).with_header("ETag", "\"1\""))
    }

    async fn broken(&self) -> Answer<u8> {
        Answer::new(1).with_header("Content-Length", "7")
    }
}

/// The same requests in their order.
fn requests() -> Vec<Request> {
    let page = "/errors/no_picture";
    let mut requests = vec![
        get("/api/picture"),
        post("/api/session", &json!("Ada")),
        post("/rpc/studio/open", &json!({ "name": "Ada" })),
        post_text("/api/picture", "image/gif", "GIF"),
        post_text("/api/picture", "Image/PNG; a=b", "\0\u{1}{PNG"),
        get("/api/broken"),
    ];
    for path in ["/api/picture", page, "/errors", "/errors/unreadable", "/errors/nothing"] {
        requests.extend([get(path), head(path)]);
    }
    requests
}

/// Status, headers and body of an answer, without what differs from one to the next.
type Told = (u16, Vec<(String, String)>, String);

async fn told(edge: SocketAddr, request: &Request) -> Told {
    let answer = request.send(edge).await.unwrap_or_else(|error| panic!("{request}: {error}"));
    let id = answer.header("x-request-id").unwrap().to_owned();
    let mut headers = answer.headers.clone();
    headers.retain(|(name, _)| !matches!(&**name, "date" | "x-request-id" | "x-seam-instance"));
    headers.sort();
    (answer.status, headers, answer.text().replace(&id, "ID"))
}

fn header<'a>(told: &'a Told, name: &str) -> Vec<&'a str> {
    told.1.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str()).collect()
}

/// Starts the units of a topology, the one with the edge last.
async fn start(settings: &str, units: &[&str]) -> Vec<Running> {
    let app = App::new("suite").service::<StudioService>().config_text(settings);
    let mut running = Vec::new();
    for unit in units {
        running.push(app.clone().unit(*unit).start().await.unwrap());
    }
    let edge = running.last().unwrap();
    until("the service is reached", async || edge.ready().await.is_ok()).await;
    running
}

async fn transcript(settings: &str, units: &[&str]) -> Vec<Told> {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().display();
    let settings = format!(
        "[app]\nname = \"suite\"\nthreads = 1\ndata = \"{data}\"\n[edge]\nnotice = \"0s\"\n{settings}"
    );
    let running = start(&settings, units).await;
    let edge = running.last().unwrap().http().unwrap();
    let mut answers = Vec::new();
    for request in requests() {
        answers.push(told(edge, &request).await);
    }
    for unit in running.iter().rev() {
        soon("the end of the unit", unit.stop()).await;
    }
    answers
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_say_the_same_from_another_unit() {
    let all = "[units.all]\nservices = [\"*\"]\nhttp = \"127.0.0.1:0\"\n";
    let here = transcript(all, &["all"]).await;
    let [missing, session, named, refused, developed, broken, picture, picture_head, rest @ ..] =
        &here[..]
    else {
        panic!("{here:?}");
    };
    assert_eq!(missing.0, 404);
    assert!(missing.2.contains(r#""detail":"There is no picture: take one""#), "{missing:?}");
    assert_eq!((session.0, &*session.2), (202, r#""Ada""#));
    assert_eq!(header(session, "cache-control"), ["no-store"]);
    assert_eq!(header(session, "set-cookie").len(), 2, "{session:?}");
    assert_eq!((named.0, header(named, "set-cookie").len()), (200, 0), "by name it is its value");
    assert_eq!((refused.0, header(refused, "accept")), (415, vec!["image/png"]));
    assert_eq!((developed.0, &*developed.2), (200, "\0\u{1}{PNG"));
    assert_eq!(header(developed, "content-type"), ["Image/PNG; a=b"]);
    assert_eq!(broken.0, 502, "{broken:?}");
    assert_eq!((picture.0, &*picture.2), (203, "\0\u{1}{PNG"));
    assert_eq!(header(picture, "etag"), ["\"1\""]);
    assert_eq!(header(picture, "x-content-type-options"), ["nosniff"]);
    let page = &rest[0];
    assert!(page.2.contains("<p>There is no picture: take one.</p>"), "{page:?}");
    assert_eq!(rest.iter().map(|told| told.0).collect::<Vec<_>>()[..6], [200; 6]);
    assert_eq!((rest[6].0, rest[7].0), (404, 404));
    let heads = [(picture, picture_head)].into_iter();
    for (whole, head) in heads.chain(rest.chunks(2).map(|pair| (&pair[0], &pair[1]))) {
        assert_eq!((whole.0, &whole.1, ""), (head.0, &head.1, &*head.2), "a HEAD is a GET's head");
    }

    let encoded = format!("{all}[calls]\nresolution = \"encoded\"\n");
    assert_eq!(transcript(&encoded, &["all"]).await, here, "encoded");
    let split = "[units.front]\nservices = []\nhttp = \"127.0.0.1:0\"\n\
                 [units.back]\nservices = [\"*\"]\n[topologies]\ntwo = [\"front\", \"back\"]\n";
    assert_eq!(transcript(split, &["back", "front"]).await, here, "in another unit");
}
