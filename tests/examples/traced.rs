//! A test service for the harness of W3C's trace context: `tests/tracecontext/run` starts both.
//!
//! `POST /test` takes `[{"url", "arguments"}]` and posts each `arguments` to its `url`. Each of these
//! requests is made in a turn of a service, so that trace and state come in at the edge, go to the
//! service, over a wire where it is in another unit, and from there on.

use std::net::{AddrParseError, SocketAddr};
use std::process::ExitCode;

use seam::actix_web::{HttpResponse, web};
use seam::prelude::*;
use seam_tests::http::post;
use serde::Deserialize;
use serde_json::Value;

#[seam::error]
enum CourierError {
    /// That is no place to post to, or nobody takes it there.
    #[error(status = 502)]
    NotTaken { why: String },
}

#[seam::contract(name = "courier", version = "1.0")]
trait Courier {
    /// Posts a JSON text to a URL, and says with which status it was answered.
    #[call(public)]
    async fn deliver(&self, url: String, body: String) -> Result<u16, CourierError>;
}

struct CourierService;

impl Actor for CourierService {
    type Contract = CourierContract;
    type Config = ();
    type Needs = ();

    async fn start(_: &mut Setup<Self>) -> Result<Self, StartError> {
        Ok(Self)
    }
}

impl Courier for CourierService {
    async fn deliver(&self, url: String, body: String) -> Result<u16, CourierError> {
        let not_taken = |why: &dyn ToString| CourierError::NotTaken { why: why.to_string() };
        let no_place = |why: AddrParseError| not_taken(&why);
        let rest = url.strip_prefix("http://").ok_or_else(|| not_taken(&"not by http"))?;
        let (host, path) = rest.split_once('/').ok_or_else(|| not_taken(&"no path"))?;
        let address: SocketAddr = host.parse().map_err(no_place)?;
        let body: Value = serde_json::from_str(&body).map_err(|why| not_taken(&why))?;
        let mut request = post(&format!("/{path}"), &body);
        for (name, value) in seam::context::outgoing().headers() {
            request = request.header(name, value);
        }
        Ok(request.send(address).await.map_err(|why| not_taken(&why))?.status)
    }
}

/// What is to be posted, and where.
#[derive(Deserialize)]
struct Errand {
    url: String,
    arguments: Value,
}

fn main() -> ExitCode {
    let app = App::new("traced").service::<CourierService>().edge(|web, clients| {
        let courier = clients.client::<CourierClient>().map(web::Data::new);
        let Ok(courier) = courier else { return };
        web.app_data(courier).route("/test", web::post().to(run));
    });
    app.main()
}

async fn run(courier: web::Data<CourierClient>, errands: web::Json<Vec<Errand>>) -> HttpResponse {
    let mut statuses = Vec::new();
    for Errand { url, arguments } in errands.into_inner() {
        match courier.deliver(url, arguments.to_string()).await {
            Ok(status) => statuses.push(status),
            Err(why) => return HttpResponse::BadGateway().body(why.to_string()),
        }
    }
    HttpResponse::Ok().json(statuses)
}
