//! The boutique as ten tonic services, one process each, one connection per pair of them.

mod client;
mod servers;

use std::collections::BTreeMap;

use actix_web::rt;
use anyhow::bail;
use tonic::transport::server::Router;

pub(crate) use self::client::Callees;
use self::client::Frontend;
use self::servers::{
    AdsServer, CartServer, CatalogServer, CheckoutServer, CurrencyServer, EmailServer,
    FrontendServer, PaymentServer, RecommendationServer, ShippingServer,
};
use super::front;
use super::services::{Carts, Catalog};
use crate::grpc;
use crate::measure::obey;
use crate::remote::{listening, on_one_thread};

/// The services and whom each of them calls, callees before their callers.
pub(crate) const SERVICES: [(&str, &[&str]); 10] = [
    ("catalog", &[]),
    ("cart", &[]),
    ("currency", &[]),
    ("ads", &[]),
    ("shipping", &[]),
    ("payment", &[]),
    ("email", &[]),
    ("recommendation", &["catalog"]),
    ("checkout", &["catalog", "cart", "currency", "shipping", "payment", "email"]),
    ("frontend", &["catalog", "cart", "currency", "ads", "recommendation", "checkout"]),
];

/// Serves one of them, on one thread; `callees` are the addresses of those that it calls.
pub(crate) fn serve(service: String, callees: BTreeMap<String, String>) -> anyhow::Result<()> {
    on_one_thread(async move {
        let router = router(&service, &callees).await?;
        grpc::serve(router, listening().await?).await
    })
}

/// The HTTP front, with its connection to the frontend on the same thread.
pub(crate) fn front(frontend: &str) -> anyhow::Result<()> {
    let stop = obey();
    rt::System::new().block_on(async {
        let serving = async { front::serve(Frontend::connect(frontend).await?).await };
        tokio::select! {
            ended = serving => ended,
            _ = stop => Ok(()),
        }
    })
}

async fn router(service: &str, callees: &BTreeMap<String, String>) -> anyhow::Result<Router> {
    let mut server = grpc::server();
    Ok(match service {
        "catalog" => server.add_service(CatalogServer::new(Catalog::new())),
        "cart" => server.add_service(CartServer::new(Carts::default())),
        "currency" => server.add_service(CurrencyServer::new()),
        "ads" => server.add_service(AdsServer::new()),
        "shipping" => server.add_service(ShippingServer::new()),
        "payment" => server.add_service(PaymentServer::new()),
        "email" => server.add_service(EmailServer::new()),
        "recommendation" => {
            server.add_service(RecommendationServer::new(Callees::connect(callees).await?))
        }
        "checkout" => server.add_service(CheckoutServer::new(Callees::connect(callees).await?)),
        "frontend" => server.add_service(FrontendServer::new(Callees::connect(callees).await?)),
        other => bail!("the boutique has no service `{other}`"),
    })
}
