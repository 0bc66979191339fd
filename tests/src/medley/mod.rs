//! A contract with a method of every kind, served by an actor that another one helps.

mod contract;
mod service;

use seam::App;

pub use self::contract::{
    Blob, Colour, EchoClient, Help, Ledger, MedleyClient, MedleyContract, MedleyError, Way,
};
pub use self::service::{EchoService, MedleyService};

/// An app of the two.
pub fn app() -> App {
    App::new("medley").service::<MedleyService>().service::<EchoService>()
}
