//! Where a link leads, which may change while it stands.

use std::fmt;
use std::sync::Arc;

use tokio::sync::watch;

use crate::net::Address;

/// Where a link leads: the same for all of its connections.
#[derive(Clone)]
pub(super) struct Way(Arc<watch::Sender<Option<Address>>>);

impl Way {
    pub(super) fn to(address: Address) -> Self {
        Self(Arc::new(watch::Sender::new(Some(address))))
    }

    pub(super) fn address(&self) -> Option<Address> {
        self.0.borrow().clone()
    }

    pub(super) fn lead(&self, address: Option<Address>) {
        self.0.send_if_modified(|leads| {
            let changes = *leads != address;
            *leads = address;
            changes
        });
    }

    /// Follows the address from now on.
    pub(super) fn follow(&self) -> Following {
        Following(self.0.subscribe())
    }
}

/// Who dials, and therefore follows where that leads.
pub(super) struct Following(watch::Receiver<Option<Address>>);

impl Following {
    /// The address, once there is one.
    pub(super) async fn address(&mut self) -> Address {
        loop {
            if let Some(address) = &*self.0.borrow_and_update() {
                return address.clone();
            }
            self.changed().await;
        }
    }

    /// Returns once it leads elsewhere than it was seen to.
    pub(super) async fn changed(&mut self) {
        if self.0.changed().await.is_err() {
            // The link is gone, and whoever dials with it.
            std::future::pending().await
        }
    }
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0.borrow() {
            Some(address) => address.fmt(f),
            None => f.write_str("nowhere"),
        }
    }
}
