//! Turns: how a call gets its actor, alone or beside others, and in order.
//!
//! A free service's turn is polled once on the caller's task. At its first `Pending` it moves to
//! the service's home, which drives it whether or not the caller polls. If the service is busy, the
//! call gets in line, and the home's pump lets it in when it is its turn.
//!
//! ```text
//! Host ──▶ Gate (who is in)         free: enter, poll inline, leave
//!   │       │ busy
//!   ▼       ▼
//!  Line (who waits) ──▶ pump ──▶ Seat ──▶ turn ──▶ Slot ──▶ Reply
//!   ▲                              │ panicked
//!   └── keeper (lives and deaths) ◀┘         sweeper (deadlines, turn limit)
//! ```

mod blocks;
mod counted;
mod ending;
mod factory;
mod gate;
mod health;
mod held;
mod host;
mod keeper;
mod limits;
mod line;
mod poll;
mod pump;
mod queued;
mod renewal;
mod seat;
mod slot;
mod sweeper;
mod turn_box;

pub use self::factory::{Factory, Health, StartError};
pub use self::held::Held;
pub use self::host::{Begun, Host, HostSettings, HostState, Lane, TurnStart};
pub use self::keeper::Keeping;
pub use self::limits::Limits;
pub use self::seat::Seat;
pub use self::slot::{Outcome, Reply};
