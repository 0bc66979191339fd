//! The boutique as seam services: the same ten in one unit, two or ten, by their config alone.

mod callers;
mod contracts;
mod door;
mod services;

use std::future::pending;

use anyhow::Context;
use seam::App;
use serde::{Deserialize, Serialize};

use self::callers::{CheckoutService, FrontendService, RecommendationService};
use self::services::{
    AdsService, CartService, CatalogService, CurrencyService, EmailService, PaymentService,
    ShippingService,
};
use super::{ServeJob, Shop};
use crate::measure::{Child, Event, announce};
use crate::ours::{Ours, THREADS, free_addresses, ready};
use crate::remote::on_one_thread;

/// Callees before their callers, so that few calls are refused at the start.
pub(crate) const ONE: &[&[&str]] = &[&[
    "catalog",
    "cart",
    "currency",
    "ads",
    "shipping",
    "payment",
    "email",
    "recommendation",
    "checkout",
    "frontend",
]];

/// What sells, and what shows.
pub(crate) const TWO: &[&[&str]] = &[
    &["cart", "shipping", "payment", "email", "checkout"],
    &["catalog", "currency", "ads", "recommendation", "frontend"],
];

pub(crate) const TEN: &[&[&str]] = &[
    &["catalog"],
    &["cart"],
    &["currency"],
    &["ads"],
    &["shipping"],
    &["payment"],
    &["email"],
    &["recommendation"],
    &["checkout"],
    &["frontend"],
];

/// The unit of the HTTP front.
const FRONT: &str = "front";

/// One process of the app.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct UnitJob {
    config: String,
    unit: String,
}

/// Starts the units and the front, joined by TCP.
pub(crate) fn start(units: &[&[&str]]) -> anyhow::Result<Shop> {
    start_at(units, &free_addresses(units.len())?)
}

/// Starts the units and the front, joined by Unix sockets.
pub(crate) fn start_on_unix(units: &[&[&str]]) -> anyhow::Result<Shop> {
    let folder = tempfile::tempdir()?;
    let socket = |number| format!("unix:{}", folder.path().join(unit_name(number)).display());
    let addresses: Vec<_> = (0..units.len()).map(socket).collect();
    let shop = start_at(units, &addresses)?;
    Ok(Shop { _sockets: Some(folder), ..shop })
}

fn start_at(units: &[&[&str]], addresses: &[String]) -> anyhow::Result<Shop> {
    let config = config(units, addresses)?;
    let serve = |unit: String| -> anyhow::Result<(Child, String)> {
        let job = ServeJob::Seam(UnitJob { config: config.clone(), unit: unit.clone() });
        let mut process = Child::start("serve-boutique", &job)?;
        let address = process.address().with_context(|| unit)?;
        Ok((process, address))
    };
    let mut processes = Vec::new();
    for number in 0..units.len() {
        processes.push(serve(unit_name(number))?.0);
    }
    for process in &mut processes {
        process.ready()?;
    }
    let (front, address) = serve(FRONT.to_owned())?;
    processes.insert(0, front);
    Ok(Shop { address, processes, _sockets: None })
}

fn unit_name(number: usize) -> String {
    format!("unit{number}")
}

/// An `app.toml` for these units.
fn config(units: &[&[&str]], addresses: &[String]) -> anyhow::Result<String> {
    use std::fmt::Write;
    let mut text = format!("[units.{FRONT}]\nservices = []\n");
    let mut names = vec![FRONT.to_owned()];
    for (number, (services, listen)) in units.iter().zip(addresses).enumerate() {
        let name = unit_name(number);
        writeln!(text, "[units.{name}]\nservices = {services:?}\nlisten = \"{listen}\"")?;
        names.push(name);
    }
    writeln!(text, "[topologies]\nbench = {names:?}")?;
    Ok(text)
}

/// The serving child's side.
pub(crate) fn serve(job: UnitJob) -> anyhow::Result<()> {
    on_one_thread(async move {
        let ours = Ours::start(app(&job)).await.with_context(|| job.unit.clone())?;
        let unit = &ours.unit;
        if job.unit == FRONT {
            ready(unit).await?;
            return door::open(unit).await;
        }
        announce(&Event::Listening(unit.listen().context("the unit doesn't listen")?));
        ready(unit).await?;
        announce(&Event::Ready);
        pending().await
    })
}

/// An app that is the same in every process.
fn app(job: &UnitJob) -> App {
    let app = App::new("boutique")
        .service::<CatalogService>()
        .service::<CartService>()
        .service::<CurrencyService>()
        .service::<AdsService>()
        .service::<ShippingService>()
        .service::<PaymentService>()
        .service::<EmailService>()
        .service::<RecommendationService>()
        .service::<CheckoutService>()
        .service::<FrontendService>()
        .config_text(&*job.config)
        .unit(&*job.unit);
    // The front's link and what serves the visitors share one thread.
    if job.unit == FRONT { app.set(THREADS, "1") } else { app }
}
