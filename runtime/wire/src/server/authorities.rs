//! For whom the peers of a server may call, and that this changes while they are connected.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use seam_core::call::{Authority, Guests};
use seam_core::live::Live;
use seam_core::outcome::NotExecuted;
use seam_core::remote::Caller;

/// What each unit may do.
pub(super) struct Authorities {
    units: Live<Vec<Authority>>,
    /// What units may do that are none of those.
    guests: Live<Guests>,
    /// How often that was set, which is cheaper to look at.
    changes: Arc<AtomicU64>,
}

/// What the unit at the other end of a connection may do, when that was looked at last.
pub(super) struct Standing {
    changes: u64,
    authority: Authority,
    /// Whether people were told that calls are denied.
    told: bool,
}

impl Authorities {
    pub(super) fn new(units: Live<Vec<Authority>>, guests: Live<Guests>) -> Self {
        let changes = Arc::<AtomicU64>::default();
        let follow = || {
            let followed = Arc::downgrade(&changes);
            move || {
                followed.upgrade().map(|changes| changes.fetch_add(1, Ordering::Release)).is_some()
            }
        };
        let (of_units, of_guests) = (follow(), follow());
        units.follow(move |_| of_units());
        guests.follow(move |_| of_guests());
        Self { units, guests, changes }
    }

    /// What a unit may do now.
    pub(super) fn standing(&self, unit: &str) -> Standing {
        // In this order, so that a change in between is looked at once more.
        let changes = self.changes.load(Ordering::Acquire);
        let units = self.units.load();
        let found = units.iter().find(|authority| *authority.unit == *unit).cloned();
        let authority = found.unwrap_or_else(|| Authority::guest(unit, &self.guests.load()));
        Standing { changes, authority, told: false }
    }

    /// Whether that is still so.
    #[inline]
    pub(super) fn holds(&self, standing: &Standing) -> bool {
        self.changes.load(Ordering::Acquire) == standing.changes
    }
}

impl Standing {
    pub(super) fn unit(&self) -> &str {
        &self.authority.unit
    }

    /// Whether the unit may call for that caller.
    pub(super) fn admit(&mut self, caller: Caller) -> Result<(), NotExecuted> {
        let admitted = self.authority.admit(caller);
        if let Err(reason) = &admitted
            && !std::mem::replace(&mut self.told, true)
        {
            tracing::warn!(unit = self.unit(), %reason, "calls are denied");
        }
        admitted
    }
}
