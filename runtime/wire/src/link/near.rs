//! A thread's own connections: a call of the edge leaves by one that lives on its thread, and its
//! answer arrives there, so that it wakes no other thread on its way.
//!
//! A thread that handles the requests of HTTP clients stays with each of them until it is answered.
//! Its first call over a link has it dial one more connection to the same peer. That connection
//! follows the link's own: it is dialled only while that one stands, so that a peer that comes back
//! is looked for by nobody but the link; and where it doesn't stand, calls go by the link's.

use std::cell::RefCell;
use std::sync::{Arc, Weak};

use tokio::runtime::{Handle, RuntimeFlavor};

use super::driver;
use super::lane::Lane;

thread_local! {
    /// Of this thread, by the lanes that they follow. They end with the thread's runtime.
    static NEAR: RefCell<Vec<Near>> = const { RefCell::new(Vec::new()) };
}

struct Near {
    follows: Weak<Lane>,
    lane: Arc<Lane>,
}

/// This thread's own connection beside `lane`; the first call begins to dial it.
pub(super) fn beside(lane: &Arc<Lane>) -> Option<Arc<Lane>> {
    let found = NEAR.try_with(|near| {
        let mut near = near.borrow_mut();
        let found = near.iter().find(|near| Weak::as_ptr(&near.follows) == Arc::as_ptr(lane));
        if let Some(found) = found {
            return Some(Arc::clone(&found.lane));
        }
        near.retain(|near| near.follows.strong_count() > 0);
        let opened = open(lane)?;
        near.push(Near { follows: Arc::downgrade(lane), lane: Arc::clone(&opened) });
        Some(opened)
    });
    // A thread that ends has none.
    found.ok().flatten()
}

/// Begins to follow `lane` on this thread, if tasks stay on it.
fn open(lane: &Arc<Lane>) -> Option<Arc<Lane>> {
    let here = Handle::try_current().ok()?;
    if here.runtime_flavor() != RuntimeFlavor::CurrentThread {
        return None;
    }
    let opened = Arc::new(Lane::beside(lane));
    let task = here.spawn(driver::follow(Arc::clone(&opened), lane.state_changes()));
    lane.followed(task.abort_handle());
    Some(opened)
}
