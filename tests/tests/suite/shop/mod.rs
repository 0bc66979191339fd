//! The shop's behaviour, the same in five modes, and what only several processes can show.

mod away;
mod both_at_once;
mod carried;
mod centre;
mod edges;
mod events;
mod idempotency;
mod instances;
mod kill;
mod lists;
mod logs;
mod modes;
mod moving;
mod orders;
mod other_ways_in;
mod overview;
mod quotes;
mod registry;
mod regroup;
mod reload;
mod restart;
mod rolling;
mod stopping;
mod transcript;
mod two_hosts;
mod users;
