//! The boutique as seam services: the same ten in one unit, two or ten, by their config alone.

mod callers;
mod contracts;
mod door;
mod services;

use std::future::pending;
use std::path::Path;

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
use crate::ours::{THREADS, free_addresses, ready};
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

/// Starts the units and the front. The units listen where they do by default on one machine, at Unix
/// sockets, or on loopback.
pub(crate) fn start(units: &[&[&str]], tcp: bool) -> anyhow::Result<Shop> {
    let data = tempfile::tempdir()?;
    let addresses = if tcp { free_addresses(units.len())? } else { Vec::new() };
    let config = config(units, &addresses, data.path())?;
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
    Ok(Shop { address, processes, _data: Some(data) })
}

fn unit_name(number: usize) -> String {
    format!("unit{number}")
}

/// An `app.toml` for these units, at these addresses if there are any.
fn config(units: &[&[&str]], addresses: &[String], data: &Path) -> anyhow::Result<String> {
    use std::fmt::Write;
    let mut text = format!("[app]\ndata = {data:?}\n[units.{FRONT}]\nservices = []\n");
    let mut names = vec![FRONT.to_owned()];
    for (number, services) in units.iter().enumerate() {
        let name = unit_name(number);
        writeln!(text, "[units.{name}]\nservices = {services:?}")?;
        if let Some(address) = addresses.get(number) {
            writeln!(text, "listen = \"{address}\"")?;
        }
        names.push(name);
    }
    writeln!(text, "[topologies]\nbench = {names:?}")?;
    Ok(text)
}

/// The serving child's side.
pub(crate) fn serve(job: UnitJob) -> anyhow::Result<()> {
    on_one_thread(async move {
        let unit = &app(&job).start().await.with_context(|| job.unit.clone())?;
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
