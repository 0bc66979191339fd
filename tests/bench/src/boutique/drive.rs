//! The boutique's load: visitors with a connection each, in the mix of Online Boutique's own load
//! generator, one after another as fast as they go, or at a fixed rate.

use std::sync::Arc;
use std::time::Instant;

use anyhow::ensure;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::messages::{HomePage, OrderPage, ProductPage};
use super::pace::{Due, in_turn};
use super::services::some_product;
use crate::http::Connection;
use crate::measure::{Event, Sample, Timing, Window, announce, runtime, while_open};

/// What the driving process is told.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct DriveJob {
    pub(crate) address: String,
    pub(crate) visitors: usize,
    /// Requests per second, all visitors together; none: as many as are answered.
    pub(crate) rate: Option<f64>,
    pub(crate) timing: Timing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Request {
    Home,
    Product,
    AddToCart,
    Checkout,
}

/// Of 20 requests: 3 home pages, 13 product pages, 3 additions to the cart, 1 checkout. The load
/// generator's tasks, taken apart into requests: `index` 1 and `setCurrency` 2 show the home page;
/// `browseProduct` 10; `addToCart` 2, a product page and an addition each; `checkout` 1, which does
/// what `addToCart` does first.
const MIX: [Request; 20] = {
    use Request::{AddToCart as A, Checkout as C, Home as H, Product as P};
    [P, P, H, P, P, A, P, P, H, P, P, P, A, C, P, P, H, P, P, A]
};

const CURRENCIES: [&str; 6] = ["EUR", "USD", "JPY", "CAD", "GBP", "TRY"];

const FORM: &str = "application/x-www-form-urlencoded";

pub(crate) fn drive(job: &DriveJob) -> anyhow::Result<Sample> {
    let turned = |open| announce(&Event::Window(open));
    runtime(1)?.block_on(while_open(job.timing, turned, async |window| {
        let mut dues = job.rate.map(|rate| in_turn(job.visitors, rate)).into_iter().flatten();
        let tasks: Vec<_> = (0..job.visitors)
            .map(|n| tokio::spawn(visit(n as u64, dues.next(), job.clone(), Arc::clone(window))))
            .collect();
        for task in tasks {
            task.await?;
        }
        Ok(())
    }))
}

async fn visit(visitor: u64, due: Option<Due>, job: DriveJob, window: Arc<Window>) {
    if let Err(why) = browse(visitor, due, &job, &window).await {
        window.fail(format!("{why:#}"));
    }
}

/// Sends one request after the other; when, if `due` says so.
async fn browse(
    visitor: u64,
    mut due: Option<Due>,
    job: &DriveJob,
    window: &Window,
) -> anyhow::Result<()> {
    let mut connection = Connection::connect(&job.address).await?;
    let mut n = visitor * 7;
    while !window.is_closed() {
        let from = match &mut due {
            Some(due) => due.next().await?,
            None => Instant::now(),
        };
        let open = window.is_open();
        let answered = request(&mut connection, visitor, n).await?;
        if open {
            window.count(1);
            window.record(answered.duration_since(from));
        }
        n += 1;
    }
    Ok(())
}

/// One request of the mix, its answer verified; when that was there.
async fn request(connection: &mut Connection, visitor: u64, n: u64) -> anyhow::Result<Instant> {
    let currency = CURRENCIES[(visitor % 6) as usize];
    let product = some_product(n / 3 + visitor);
    match MIX[(n % 20) as usize] {
        Request::Home => {
            let line = format!("GET /?user=u{visitor}&currency={currency}");
            let (page, at): (HomePage, _) = send(connection, &line, "").await?;
            let right = page.offers.len() == 9
                && page.offers.iter().all(|offer| offer.price.currency == currency);
            ensure!(right, "a wrong home page");
            Ok(at)
        }
        Request::Product => {
            let line = format!("GET /product/{product}?user=u{visitor}&currency={currency}");
            let (page, at): (ProductPage, _) = send(connection, &line, "").await?;
            let right = page.offer.product.id == product
                && page.recommendations.len() == 4
                && page.recommendations.iter().all(|other| other.id != product);
            ensure!(right, "a wrong product page");
            Ok(at)
        }
        Request::AddToCart => {
            let form = format!("user=u{visitor}&product_id={product}&quantity={}", n % 10 + 1);
            let (_, at): (serde_json::Value, _) = send(connection, "POST /cart", &form).await?;
            Ok(at)
        }
        Request::Checkout => {
            let form = format!(
                "user=u{visitor}&currency={currency}&email=someone%40example.com\
                 &street_address=1600+Amphitheatre+Parkway&zip_code=94043&city=Mountain+View\
                 &state=CA&country=USA&credit_card_number=4432801561520454\
                 &credit_card_expiration_month=1&credit_card_expiration_year=2039\
                 &credit_card_cvv=672"
            );
            let (page, at): (OrderPage, _) = send(connection, "POST /cart/checkout", &form).await?;
            let right = page.total.currency == currency && page.order.address.zip_code == 94043;
            ensure!(right, "a wrong order");
            Ok(at)
        }
    }
}

async fn send<T: DeserializeOwned>(
    connection: &mut Connection,
    line: &str,
    form: &str,
) -> anyhow::Result<(T, Instant)> {
    let (status, body) = connection.send(line, FORM, form.as_bytes()).await?;
    // What the driver makes of the page is not the visitor's wait.
    let at = Instant::now();
    ensure!(status == 200, "{line}: status {status}: {}", String::from_utf8_lossy(body));
    Ok((serde_json::from_slice(body)?, at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mix_is_the_load_generators() {
        let count = |kind| MIX.iter().filter(|request| **request == kind).count();
        assert_eq!(count(Request::Home), 3);
        assert_eq!(count(Request::Product), 13);
        assert_eq!(count(Request::AddToCart), 3);
        assert_eq!(count(Request::Checkout), 1);
    }
}
