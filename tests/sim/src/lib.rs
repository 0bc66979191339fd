//! Units of the real thing on a simulated clock and network: a run is a seed, and the same seed is the
//! same run, to the byte.
//!
//! | file | holds |
//! | --- | --- |
//! | `scenario` | what a seed draws: how many instances, what befalls them and when, who calls how often |
//! | `run` | one run: steps time, lets faults befall, ends when everything is answered again |
//! | `hosts`, `net` | a process: a unit with its services, on a clock and a network that can be held |
//! | `services` | what it hosts: a ledger with tables, quotes without, a desk that calls both |
//! | `load` | what callers do |
//! | `world` | what is known of a run from outside: calls, turns, owners, faults |
//! | `check` | what must hold of that |
//! | `batch` | many runs, and what came of them |
//!
//! Everything of a run happens on one thread, of its own. The units are started by
//! [`App::start`](seam::App::start), as any unit is: links, servers, pools, guards, gates, leases and
//! takeovers are production's. Simulated are the clock, the network (by turmoil), the disk (in memory,
//! with its lock), and what `up` does: it kills who is silent for 4 s and starts again who is gone.

mod batch;
mod check;
mod faults;
mod hosts;
mod load;
mod net;
mod run;
mod scenario;
mod services;
mod world;

pub use self::batch::{Batch, Summary, batch};
pub use self::run::{Counts, Options, Plant, Report, run};
