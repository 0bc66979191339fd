//! Certificates that are renewed again and again while units are called over TLS.

use std::time::{Duration, Instant};

use super::{setting, times, wait};
use crate::bar::Bar;
use crate::orders::{Orders, unharmed};
use crate::place::Shop;
use crate::ports::{loopback, row};

/// Files are looked at every second.
const SEEN: f64 = 1.2;

pub(super) async fn run(scale: f64) -> anyhow::Result<Vec<Bar>> {
    let ports = row(4)?;
    let certs = tempfile::tempdir()?;
    let dir = certs.path().display().to_string();
    let settings = vec![
        setting("SEAM__TLS__DIR", &dir),
        setting("SEAM__UNITS__PAY__LISTEN", loopback(ports)),
        setting("SEAM__UNITS__QUOTE__LISTEN", loopback(ports + 1)),
        setting("SEAM__UNITS__QUOTE__INSTANCES", 3),
    ];
    let shop = Shop::open_after(settings, 5, &["certs", "--dir", &dir]).await?;
    let orders = Orders::begin(shop.edge, 4, Duration::ZERO);
    let (from, rotations) = (Instant::now(), times(100, scale));
    for number in 0..rotations {
        shop.command(&["certs", "--dir", &dir, "--renew"]).await?;
        wait(SEEN).await;
        // Connections that stand have the old ones: now and then there are new ones.
        if number % 5 == 0 {
            shop.command(&["restart", "quote", "--rolling"]).await?;
        }
    }
    let placed = orders.since(from);
    let mut bars = vec![Bar::told("rotations", rotations)];
    bars.extend(unharmed(&placed));
    bars.extend(orders.end().await?);
    shop.close().await?;
    Ok(bars)
}
