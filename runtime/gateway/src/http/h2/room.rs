//! How much of its requests' bodies a connection may have here at once: a hundred requests of one client
//! aren't a hundred of the largest bodies.

use std::cell::Cell;

/// So many of the largest bodies may be here at once.
const WHOLE: u64 = 16;

/// The bodies of a connection that are here and aren't answered yet.
#[derive(Debug, Default)]
pub(super) struct Room(Cell<u64>);

impl Room {
    /// So many more bytes are here; false if that is too much. `limit` is what one body may have.
    pub(super) fn take(&self, bytes: usize, limit: usize) -> bool {
        self.0.set(self.0.get() + bytes as u64);
        self.0.get() <= WHOLE.saturating_mul(limit as u64)
    }

    /// So many aren't here any more.
    pub(super) fn leave(&self, bytes: u64) {
        self.0.set(self.0.get().saturating_sub(bytes));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_room_again_when_a_body_has_left() {
        let room = Room::default();
        assert!((0..16).all(|_| room.take(10, 10)));
        assert!(!room.take(1, 10));
        room.leave(11);
        assert!(room.take(10, 10) && !room.take(1, 10));
    }
}
