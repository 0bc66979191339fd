//! gRPC by tonic: one HTTP/2 connection, protobuf by prost.

use std::sync::Arc;
use std::time::Duration;

use tonic::Status;
use tonic::transport::Channel;

use super::job::{DriveJob, ServeJob, drive as drive_with, listening, on_one_thread};
use crate::grpc::{self, grpc_service, unary};
use crate::measure::{Ask, Sample};
use crate::messages::{self, answer_price, answer_tiny};

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Tiny {
    #[prost(uint64, tag = "1")]
    n: u64,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Basket {
    #[prost(uint64, tag = "1")]
    id: u64,
    #[prost(string, tag = "2")]
    customer: String,
    #[prost(message, repeated, tag = "3")]
    lines: Vec<Line>,
}

#[derive(Clone, Copy, PartialEq, prost::Message)]
pub(crate) struct Line {
    #[prost(uint64, tag = "1")]
    unit_cents: u64,
    #[prost(uint32, tag = "2")]
    quantity: u32,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Priced {
    #[prost(uint64, tag = "1")]
    id: u64,
    #[prost(uint64, repeated, tag = "2")]
    totals: Vec<u64>,
}

#[derive(Debug)]
pub(crate) struct Prices;

impl Prices {
    async fn tiny(&self, request: Tiny) -> Result<Tiny, Status> {
        Ok(Tiny { n: answer_tiny(request.n) })
    }

    async fn nap(&self, request: Tiny) -> Result<Tiny, Status> {
        tokio::time::sleep(Duration::from_millis(request.n)).await;
        self.tiny(request).await
    }

    async fn price(&self, request: Basket) -> Result<Priced, Status> {
        let priced = answer_price(&messages::Basket {
            id: request.id,
            customer: request.customer,
            lines: request
                .lines
                .into_iter()
                .map(|Line { unit_cents, quantity }| messages::Line { unit_cents, quantity })
                .collect(),
        });
        Ok(Priced { id: priced.id, totals: priced.totals.to_vec() })
    }
}

grpc_service!(PricesServer(Prices), "bench.Prices" {
    "Tiny" => tiny: Tiny => Tiny;
    "Nap" => nap: Tiny => Tiny;
    "Price" => price: Basket => Priced;
});

#[derive(Clone)]
struct Client(Channel);

impl Ask for Client {
    type Error = anyhow::Error;

    async fn tiny(&self, n: u64) -> anyhow::Result<u64> {
        let reply: Tiny = unary(&self.0, "/bench.Prices/Tiny", Tiny { n }).await?;
        Ok(reply.n)
    }

    async fn nap(&self, ms: u64) -> anyhow::Result<u64> {
        let reply: Tiny = unary(&self.0, "/bench.Prices/Nap", Tiny { n: ms }).await?;
        Ok(reply.n)
    }

    async fn price(&self, basket: messages::Basket) -> anyhow::Result<messages::Priced> {
        let request = Basket {
            id: basket.id,
            customer: basket.customer,
            lines: basket
                .lines
                .into_iter()
                .map(|line| Line { unit_cents: line.unit_cents, quantity: line.quantity })
                .collect(),
        };
        let reply: Priced = unary(&self.0, "/bench.Prices/Price", request).await?;
        let totals = reply.totals[..].try_into()?;
        Ok(messages::Priced { id: reply.id, totals })
    }
}

pub(crate) fn serve(_: &ServeJob) -> anyhow::Result<()> {
    on_one_thread(async {
        let router = grpc::server().add_service(PricesServer(Arc::new(Prices)));
        grpc::serve(router, listening().await?).await
    })
}

pub(crate) fn drive(job: &DriveJob) -> anyhow::Result<Sample> {
    drive_with(job, async |address| Ok(Client(grpc::connect(address).await?)))
}
