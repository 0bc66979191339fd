//! The call path: from a client's method to the turn, or to the wire, and back.

mod admission;
mod again;
mod attempt;
mod authority;
mod client;
mod command;
mod deadlines;
mod dispatch;
mod elsewhere;
mod extra;
mod fake;
mod fetched;
mod future;
mod guard;
mod guests;
mod inbox;
mod json;
mod local;
mod permits;
mod rehearsal;
mod repeat;
mod route;
mod ticket_id;
mod tickets;

pub use self::authority::Authority;
pub use self::client::{AnyClient, Client};
pub use self::command::{
    Command, Due, KeepError, Keeper, Kept, KeptAs, KeptCall, MAX_ARGUMENTS, MAX_COMMAND_KEY, Ticket,
};
pub use self::deadlines::Deadlines;
pub use self::dispatch::{Callable, ClientOf, Dispatch, Hosts, Subscription};
pub use self::extra::CallOptions;
pub use self::fake::{Fake, FakeCall};
pub use self::fetched::{FetchedClient, FetchedRoute};
pub use self::future::Call;
pub use self::guard::CallPolicy;
pub use self::guests::{Guests, is_like};
pub use self::inbox::{Entrance, Inbox, serve};
pub use self::json::{
    JsonAnswer, JsonBody, JsonReply, Part, Transcode, call_json, deliver, kept_json, transcode,
};
pub use self::local::LocalError;
pub use self::permits::{Allow, EdgeRules, Permits, Refused};
pub use self::rehearsal::{Faults, Rehearsal};
pub use self::repeat::Repeatable;
pub use self::route::{Route, Target};
pub use self::ticket_id::TicketId;
pub use self::tickets::{FoundTicket, Tickets};
