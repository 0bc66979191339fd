//! A hundred thousand events and ten thousand commands, while whoever carries them is killed.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context;
use seam_tests::brokers::Broker;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::bar::Bar;
use crate::market::{
    CUSTOMERS, Deeds, DeskClient, Market, Money, PostClient, SERVICES, TillClient, cents,
    is_charged,
};

/// So many orders, each of them an event; one in eight is charged by a command, which is another.
const ORDERS: f64 = 100_000.0;
/// The killing goes on until everything is done, and for so long at most.
const LONGEST: Duration = Duration::from_secs(900);
/// What is left then has so long to get where it is to go.
const PATIENCE: Duration = Duration::from_secs(120);
/// A broker that runs for so long is killed.
const BROKER: Duration = Duration::from_secs(20);
/// Whoever gets no answer asks again after so long.
const AGAIN: Duration = Duration::from_millis(20);

pub(super) async fn run(scale: f64) -> anyhow::Result<Vec<Bar>> {
    soak(scale, "", 0.5..2.0, None).await
}

/// With that in the config beside its own, a kill of one of the units after so many seconds each, and of
/// the broker that carries events, if there is one, every [`BROKER`].
pub(super) async fn soak(
    scale: f64,
    config: &str,
    pauses: Range<f64>,
    mut broker: Option<Broker>,
) -> anyhow::Result<Vec<Bar>> {
    let orders = (ORDERS * scale).ceil() as u64;
    let aim = Aim::of(orders);
    let mut market = Market::open(config).await?;
    let (began, refused) = (Instant::now(), Arc::new(AtomicU64::new(0)));
    let mut customers = JoinSet::new();
    for customer in 0..CUSTOMERS {
        let (desk, refused) = (market.caller.client()?, Arc::clone(&refused));
        customers.spawn(async move { place_all(&desk, customer, orders, &refused).await });
    }
    let (mut kills, mut placed) = (0_u32, None);
    let (mut outages, mut stood) = (0_u32, Instant::now());
    while began.elapsed() < LONGEST {
        let pause = pauses.start + fastrand::f64() * (pauses.end - pauses.start);
        sleep(Duration::from_secs_f64(pause)).await;
        while customers.try_join_next().is_some() {}
        if customers.is_empty() {
            placed.get_or_insert_with(|| began.elapsed());
            if aim.is_reached(&market).await? {
                break;
            }
        }
        market.strike(fastrand::usize(..SERVICES.len())).await?;
        kills += 1;
        if let Some(broker) = broker.as_mut().filter(|_| stood.elapsed() >= BROKER) {
            broker.kill().await?;
            broker.resume().await?;
            (outages, stood) = (outages + 1, Instant::now());
        }
    }
    let struck = began.elapsed();
    customers.join_all().await;
    market.ready(PATIENCE).await?;
    let ends = Instant::now() + PATIENCE;
    while !aim.is_reached(&market).await? && Instant::now() < ends {
        sleep(AGAIN).await;
    }
    let through = began.elapsed();
    // Whatever were done twice would be by then.
    sleep(Duration::from_secs(3)).await;
    let (there, money, deeds) = asked(&market).await?;
    market.close().await?;
    let seconds = |time: Duration| format!("{:.0}", time.as_secs_f64());
    Ok(vec![
        Bar::told("events", orders + aim.charged),
        Bar::told("commands", aim.charged),
        Bar::told("kills", format!("{kills} in {} s", seconds(struck))),
        Bar::told("kills of the broker", outages),
        Bar::told("calls that failed, and were made again", refused.load(Ordering::Relaxed)),
        Bar::told("all placed after, s", placed.map_or("–".into(), seconds)),
        Bar::told("all done after, s", seconds(through)),
        exactly("orders that are there", orders, there),
        exactly("orders with a mail", orders, deeds.mails),
        exactly("orders with a charge", aim.charged, money.charged),
        exactly("orders with a shipment", aim.charged, deeds.shipments),
        exactly("mails and shipments that were sent twice", 0, deeds.doubled),
        exactly("mails before the customer's former one", 0, deeds.out_of_order),
        exactly("charges of a wrong sum", 0, money.wrong),
        exactly("cents in the till", aim.cents, money.cents),
    ])
}

/// What is to come of so many orders.
#[derive(Clone, Copy, Debug)]
struct Aim {
    orders: u64,
    charged: u64,
    cents: u64,
}

impl Aim {
    fn of(orders: u64) -> Self {
        let charged = || (1..=orders).filter(|order| is_charged(*order));
        Self { orders, charged: charged().count() as u64, cents: charged().map(cents).sum() }
    }

    /// Whether it has, as far as that can be told: a unit may have been killed just now.
    async fn is_reached(&self, market: &Market) -> anyhow::Result<bool> {
        let (post, till): (PostClient, TillClient) =
            (market.caller.client()?, market.caller.client()?);
        let (Ok(deeds), Ok(money)) = (post.audit().await, till.audit().await) else {
            return Ok(false);
        };
        let all = deeds.mails >= self.orders && deeds.shipments >= self.charged;
        Ok(all && money.charged >= self.charged)
    }
}

/// How many orders there are, and what was done.
async fn asked(market: &Market) -> anyhow::Result<(u64, Money, Deeds)> {
    let desk: DeskClient = market.caller.client()?;
    let (post, till): (PostClient, TillClient) = (market.caller.client()?, market.caller.client()?);
    let there = desk.placed().await.context("how many orders there are")?;
    let money = till.audit().await.context("what the till has")?;
    Ok((there, money, post.audit().await.context("what the post has done")?))
}

fn exactly(what: &str, aim: u64, reached: u64) -> Bar {
    Bar::holds(format!("{what}: {aim}"), aim == reached, reached)
}

/// The orders of one customer, one after the other, each until it is acknowledged.
async fn place_all(desk: &DeskClient, customer: u64, orders: u64, refused: &AtomicU64) {
    let first = if customer == 0 { CUSTOMERS } else { customer };
    for order in (first..=orders).step_by(CUSTOMERS as usize) {
        while desk.place(vec![order]).await.is_err() {
            refused.fetch_add(1, Ordering::Relaxed);
            sleep(AGAIN).await;
        }
    }
}
