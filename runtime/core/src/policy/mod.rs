//! What stands between a call and its attempts: machines without I/O, without a clock and without a
//! random number of their own. The time is an argument, and so is chance.
//!
//! | file | decides |
//! | --- | --- |
//! | [`retry`](Tried) | whether a call that failed is tried again, and how long an attempt may take |
//! | [`backoff`](Backoff) | how long after a failure that is |
//! | [`budget`](RetryBudget) | how many calls of a service may be tried again |
//! | [`breaker`](Breaker) | whether an endpoint that failed gets a call |
//! | [`limit`](InFlight) | how many calls there are at once, or in a second |
//! | [`quota`](Quota), [`sliding`](Sliding) | how many somebody may ask for, in any window of a length |
//! | [`queue`](QueueTime) | whether a mailbox takes a call that would wait past its deadline |
//! | [`ewma`](PeakEwma) | how slow an endpoint is |
//! | [`balance`](Balancer) | which endpoint a call goes to |
//! | [`lease`](Lease) | whether this process may serve what only one may serve |
//! | [`schedule`](Schedule) | when a method is due that runs by itself |
//!
//! They are asked on the way of each call, from many threads: all are shared by reference, a call
//! that succeeds while all is well takes no lock, and nothing allocates.

mod backoff;
mod balance;
mod breaker;
mod budget;
mod ewma;
mod lease;
mod limit;
mod queue;
mod quota;
mod retry;
mod schedule;
mod sliding;
#[cfg(test)]
mod support;
mod window;

pub use self::backoff::Backoff;
pub use self::balance::{Balance, Balancer, Endpoint, Standing, UnknownBalance};
pub use self::breaker::{Admission, Breaker, BreakerSettings, BreakerState, Pass, Verdict};
pub use self::budget::{BudgetSettings, RetryBudget};
pub use self::ewma::PeakEwma;
pub use self::lease::{Advice, Lease, LeaseSettings};
pub use self::limit::{Entered, InFlight, Rate};
pub use self::queue::{QueueTime, TooLong};
pub use self::quota::{Quota, QuotaError};
pub use self::retry::{Decision, Fault, RetryAfter, Tried, attempt_deadline};
pub use self::schedule::{Cron, CronError, Schedule};
pub use self::sliding::{Room, Sliding};
