//! Calls under way for an answer that many wait for: one call, whoever leaves.

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::Shared;
use parking_lot::Mutex;
use seam_core::contract::ServiceFailure;
use seam_core::outcome::CallError;
use tokio::sync::oneshot;

use super::{Kept, Key};

/// How a call came to its end.
pub(crate) type Landed = Result<Arc<Kept>, CallError<ServiceFailure>>;

/// The wait for a call's end; an error says that nobody makes it any longer.
pub(crate) type Flight = Shared<oneshot::Receiver<Landed>>;

/// What becomes of who wants an answer that isn't kept.
pub(crate) enum Boarded {
    /// It was kept meanwhile.
    Kept(Arc<super::Kept>),
    /// Somebody makes the call.
    Passenger(Flight),
    /// Nobody does: the pilot has to.
    Pilot(Pilot, Flight),
}

/// Calls under way, by what their answers are found by.
#[derive(Default)]
pub(super) struct Flights(HashMap<Key, Flight>);

/// Who makes a call; when it is gone, the call is no longer under way.
pub(crate) struct Pilot {
    key: Key,
    landing: Option<oneshot::Sender<Landed>>,
    flights: Arc<Mutex<Flights>>,
}

impl Flights {
    pub(super) fn board(&mut self, key: &Key, flights: &Arc<Mutex<Self>>) -> Boarded {
        if let Some(flight) = self.0.get(key) {
            return Boarded::Passenger(flight.clone());
        }
        let (landing, landed) = oneshot::channel();
        let flight = landed.shared();
        self.0.insert(key.clone(), flight.clone());
        let (key, flights) = (key.clone(), Arc::clone(flights));
        Boarded::Pilot(Pilot { key, landing: Some(landing), flights }, flight)
    }
}

impl Pilot {
    /// Tells all who wait. What is to be kept has to be by now: who comes later doesn't hear of it.
    pub(crate) fn land(mut self, landed: Landed) {
        self.leave();
        if let Some(landing) = self.landing.take() {
            // Nobody may be waiting any longer.
            let _ = landing.send(landed);
        }
    }

    fn leave(&self) {
        self.flights.lock().0.remove(&self.key);
    }
}

impl Drop for Pilot {
    fn drop(&mut self) {
        if self.landing.is_some() {
            self.leave();
        }
    }
}
