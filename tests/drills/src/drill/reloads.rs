//! A config that changes again and again while the shop works by it; a fifth of what it is given is
//! wrong.

use std::time::{Duration, Instant};

use super::times;
use crate::bar::Bar;
use crate::orders::{Orders, unharmed};
use crate::place::Shop;

pub(super) async fn run(scale: f64) -> anyhow::Result<Vec<Bar>> {
    let shop = Shop::open(Vec::new(), 3).await?;
    let text = std::fs::read_to_string(shop.config())?;
    let orders = Orders::begin(shop.edge, 4, Duration::ZERO);
    let (from, reloads) = (Instant::now(), times(1_000, scale));
    let (mut wrong, mut slowest) = (Vec::new(), 0.0_f64);
    for number in 0..reloads {
        // What guards calls is in force at once; the service's own settings build its actor anew.
        let (change, code) = match number % 5 {
            0 => ("[services.order]\nmailbox = \"many\"".to_owned(), 2),
            1 => (format!("[services.order]\nmailbox = {}", 1_000 + number), 0),
            2 => (format!("[services.quote.calls]\nattempts = {}", 2 + number % 2), 0),
            3 => (format!("[services.payment.breaker]\nfailures = {}", 4 + number % 3), 0),
            _ => (String::new(), 0),
        };
        let cents = 1_000_000 + number;
        let mut changed = text.replace("1_000_000", &cents.to_string());
        changed += &format!("\n{change}\n");
        std::fs::write(shop.config(), changed)?;
        let began = Instant::now();
        let got = shop.code(&["reload"]).await?;
        slowest = slowest.max(began.elapsed().as_secs_f64());
        if got != Some(code) {
            wrong.push(format!("reload {number} of `{change}` ended with {got:?}, not {code}"));
        }
    }
    let placed = orders.since(from);
    let versions: Vec<_> =
        shop.status().await.iter().map(|unit| unit["configVersion"].to_string()).collect();
    let agreed = versions.iter().all(|version| *version == versions[0]);
    let mut bars = vec![
        Bar::told("reloads", reloads),
        Bar::told("the longest, s", format!("{slowest:.2}")),
        Bar::none("reloads that ended in another way", &wrong),
        Bar::holds("all units have the same config", agreed, versions.join(", ")),
    ];
    bars.extend(unharmed(&placed));
    bars.extend(orders.end().await?);
    shop.close().await?;
    Ok(bars)
}
