//! What befalls processes and the network between them.

use std::fmt;

use crate::world::Millis;

/// A process, by its number.
pub(crate) type Host = usize;

/// What happens to a run from outside.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Fault {
    /// A process is gone at once, as by `kill -9`, and starts again after so long.
    Crash(Host, Millis),
    /// A process is drained, and starts again after so long.
    Restart(Host, Millis),
    /// A process does nothing for so long; after 4 s it is killed.
    Freeze(Host, Millis),
    /// Nothing gets from one to the other, or back, for so long.
    Partition(Host, Host, Millis),
    /// Nothing gets from one to the other for so long; what is sent back does.
    OneWay(Host, Host, Millis),
    /// A process is cut off from all others for so long.
    Isolation(Host, Millis),
    /// What they send each other is kept for so long, and comes then.
    Hold(Host, Host, Millis),
    /// What they send each other takes so long, for so long.
    Slow(Host, Host, Millis, Millis),
    /// Each message may break the connections between two, for so long.
    Flaky(Host, Host, Millis),
}

impl Fault {
    pub(crate) fn describe(self, names: &[String]) -> String {
        Described(self, names).to_string()
    }
}

struct Described<'a>(Fault, &'a [String]);

impl fmt::Display for Described<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(fault, names) = self;
        let name = |host: Host| names[host].as_str();
        match *fault {
            Fault::Crash(host, for_) => write!(f, "{} crashes, for {for_} ms", name(host)),
            Fault::Restart(host, for_) => write!(f, "{} restarts, for {for_} ms", name(host)),
            Fault::Freeze(host, for_) => write!(f, "{} stands still for {for_} ms", name(host)),
            Fault::Partition(a, b, for_) => {
                write!(f, "{} and {} are parted for {for_} ms", name(a), name(b))
            }
            Fault::OneWay(a, b, for_) => {
                write!(f, "{} doesn't reach {} for {for_} ms", name(a), name(b))
            }
            Fault::Isolation(host, for_) => write!(f, "{} is cut off for {for_} ms", name(host)),
            Fault::Hold(a, b, for_) => {
                write!(f, "{} and {} hear each other {for_} ms late", name(a), name(b))
            }
            Fault::Slow(a, b, way, for_) => {
                write!(f, "{way} ms from {} to {} for {for_} ms", name(a), name(b))
            }
            Fault::Flaky(a, b, for_) => {
                write!(f, "{} and {} lose messages for {for_} ms", name(a), name(b))
            }
        }
    }
}
