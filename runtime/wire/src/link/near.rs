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

use super::channel::Channel;
use super::driver;

thread_local! {
    /// Of this thread, by the channels that they follow. They end with the thread's runtime.
    static NEAR: RefCell<Vec<Near>> = const { RefCell::new(Vec::new()) };
}

struct Near {
    follows: Weak<Channel>,
    channel: Arc<Channel>,
}

/// This thread's own connection beside `channel`; the first call begins to dial it.
pub(super) fn beside(channel: &Arc<Channel>) -> Option<Arc<Channel>> {
    let found = NEAR.try_with(|near| {
        let mut near = near.borrow_mut();
        let found = near.iter().find(|near| Weak::as_ptr(&near.follows) == Arc::as_ptr(channel));
        if let Some(found) = found {
            return Some(Arc::clone(&found.channel));
        }
        near.retain(|near| near.follows.strong_count() > 0);
        let opened = open(channel)?;
        near.push(Near { follows: Arc::downgrade(channel), channel: Arc::clone(&opened) });
        Some(opened)
    });
    // A thread that ends has none.
    found.ok().flatten()
}

/// Begins to follow `channel` on this thread, if tasks stay on it.
fn open(channel: &Arc<Channel>) -> Option<Arc<Channel>> {
    let here = Handle::try_current().ok()?;
    if here.runtime_flavor() != RuntimeFlavor::CurrentThread {
        return None;
    }
    let opened = Arc::new(Channel::beside(channel));
    let task = here.spawn(driver::follow(Arc::clone(&opened), channel.state_changes()));
    channel.followed(task.abort_handle());
    Some(opened)
}
