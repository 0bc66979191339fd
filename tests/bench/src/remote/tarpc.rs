//! tarpc over TCP with bincode.

use std::time::Duration;

use futures_util::StreamExt;
use tarpc::client::NewClient;
use tarpc::server::{BaseChannel, Channel};
use tarpc::tokio_serde::formats::Bincode;
use tarpc::tokio_util::codec::LengthDelimitedCodec;
use tarpc::{client, context, serde_transport, server};
use tokio::net::TcpStream;

use super::LIMIT;
use super::job::{DriveJob, ServeJob, drive as drive_with, listening, on_one_thread};
use crate::measure::{Ask, Sample};
use crate::messages::{Basket, Priced, answer_price, answer_tiny};

#[tarpc::service]
trait Prices {
    async fn tiny(n: u64) -> u64;
    async fn price(basket: Basket) -> Priced;
    async fn nap(ms: u64) -> u64;
}

#[derive(Clone, Debug)]
struct Service;

impl Prices for Service {
    async fn tiny(self, _: context::Context, n: u64) -> u64 {
        answer_tiny(n)
    }

    async fn price(self, _: context::Context, basket: Basket) -> Priced {
        answer_price(&basket)
    }

    async fn nap(self, _: context::Context, ms: u64) -> u64 {
        tokio::time::sleep(Duration::from_millis(ms)).await;
        answer_tiny(ms)
    }
}

impl Ask for PricesClient {
    type Error = anyhow::Error;

    async fn tiny(&self, n: u64) -> anyhow::Result<u64> {
        Ok(self.tiny(context::current(), n).await?)
    }

    async fn price(&self, basket: Basket) -> anyhow::Result<Priced> {
        Ok(self.price(context::current(), basket).await?)
    }

    async fn nap(&self, ms: u64) -> anyhow::Result<u64> {
        Ok(self.nap(context::current(), ms).await?)
    }
}

pub(crate) fn serve(_: &ServeJob) -> anyhow::Result<()> {
    on_one_thread(async {
        let listener = listening().await?;
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            let framed = LengthDelimitedCodec::builder().new_framed(stream);
            let transport = serde_transport::new(framed, Bincode::default());
            let config = server::Config { pending_response_buffer: LIMIT };
            let channel = BaseChannel::new(config, transport);
            tokio::spawn(channel.execute(Service.serve()).for_each(|response| async {
                tokio::spawn(response);
            }));
        }
    })
}

pub(crate) fn drive(job: &DriveJob) -> anyhow::Result<Sample> {
    drive_with(job, async |address| {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let framed = LengthDelimitedCodec::builder().new_framed(stream);
        let transport = serde_transport::new(framed, Bincode::default());
        let mut config = client::Config::default();
        config.max_in_flight_requests = LIMIT;
        config.pending_request_buffer = LIMIT;
        let NewClient { client, dispatch } = PricesClient::new(config, transport);
        tokio::spawn(dispatch);
        Ok(client)
    })
}
