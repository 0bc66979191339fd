//! HTTP/1.1 and JSON: an actix-web server and a reqwest client, its connections kept alive and as
//! many as calls in flight.

use actix_web::web::{Json, post};
use actix_web::{App, HttpServer, rt};
use reqwest::Client;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::job::{DriveJob, drive as drive_with};
use crate::measure::{Ask, Event, Sample, announce, obey};
use crate::messages::{Basket, Priced, answer_price, answer_tiny};

async fn tiny(Json(n): Json<u64>) -> Json<u64> {
    Json(answer_tiny(n))
}

async fn price(Json(basket): Json<Basket>) -> Json<Priced> {
    Json(answer_price(&basket))
}

/// Serves `/tiny` and `/price` on so many worker threads; the edge's bench has it as its peer.
pub(crate) fn serve(workers: usize) -> anyhow::Result<()> {
    let stop = obey();
    rt::System::new().block_on(async {
        let app = || App::new().route("/tiny", post().to(tiny)).route("/price", post().to(price));
        let server = HttpServer::new(app).workers(workers).bind(("127.0.0.1", 0))?;
        for address in server.addrs() {
            announce(&Event::Listening(address.to_string()));
        }
        let server = server.disable_signals().run();
        let handle = server.handle();
        rt::spawn(async move {
            let _ = stop.await;
            handle.stop(false).await;
        });
        Ok(server.await?)
    })
}

#[derive(Clone, Debug)]
struct Http {
    client: Client,
    tiny: String,
    price: String,
}

impl Http {
    async fn post<R: DeserializeOwned>(
        &self,
        url: &str,
        body: &(impl Serialize + Sync),
    ) -> anyhow::Result<R> {
        let response = self.client.post(url).json(body).send().await?.error_for_status()?;
        Ok(response.json().await?)
    }
}

impl Ask for Http {
    type Error = anyhow::Error;

    async fn tiny(&self, n: u64) -> anyhow::Result<u64> {
        self.post(&self.tiny, &n).await
    }

    async fn price(&self, basket: Basket) -> anyhow::Result<Priced> {
        self.post(&self.price, &basket).await
    }
}

pub(crate) fn drive(job: &DriveJob) -> anyhow::Result<Sample> {
    drive_with(job, async |address| {
        Ok(Http {
            client: Client::builder().no_proxy().build()?,
            tiny: format!("http://{address}/tiny"),
            price: format!("http://{address}/price"),
        })
    })
}
