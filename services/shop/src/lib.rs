//! The shop: the example app of seam. Which of its services run in which process is up to
//! `app.toml`.

mod blocklist;

use history::HistoryService;
use mail::MailService;
use order::OrderService;
use overview::OverviewService;
use payment::PaymentService;
use quote::QuoteService;
use seam::App;
use shipping::ShippingService;
use user::UserService;

pub use self::blocklist::{Blocklist, BlocklistConfig};

/// The shop's services, ready to be started in any topology.
pub fn app() -> App {
    App::new("shop")
        .service::<UserService>()
        .service::<OrderService>()
        .service::<PaymentService>()
        .service::<QuoteService>()
        .service::<ShippingService>()
        .service::<MailService>()
        .service::<HistoryService>()
        .service::<OverviewService>()
        .security::<Blocklist>()
}
