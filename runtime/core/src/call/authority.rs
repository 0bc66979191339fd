//! For which callers another unit may speak.

use super::guests::Guests;
use crate::name::ServiceId;
use crate::outcome::NotExecuted;
use crate::remote::Caller;

/// Whose calls a unit may send, as config says it of that unit.
///
/// Who sends a call says who makes it. A callee believes that as far as this goes, of the unit that was
/// proved to it, or that the other end says it is where nothing proves it. It is looked at once for all
/// calls of one origin over a connection, before any of them is admitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authority {
    /// The unit.
    pub unit: Box<str>,
    /// The services that it hosts.
    pub services: Box<[ServiceId]>,
    /// Whether it has an edge.
    pub edge: bool,
    /// Whether the program around it may call other units.
    pub program: bool,
    /// Of a unit that config doesn't name: as whom such units may call.
    pub guests: Option<Guests>,
}

impl Authority {
    /// That of a unit of which config says nothing.
    pub fn none(unit: &str) -> Self {
        let (edge, program, guests) = (false, false, None);
        Self { unit: unit.into(), services: Box::default(), edge, program, guests }
    }

    /// That of a unit of which config says nothing, where such units may come.
    pub fn guest(unit: &str, guests: &Guests) -> Self {
        Self { guests: Some(guests.clone()), ..Self::none(unit) }
    }

    /// Whether the unit may speak for this caller.
    ///
    /// # Errors
    /// As denied, and why.
    pub fn admit(&self, caller: Caller) -> Result<(), NotExecuted> {
        let allowed = match caller {
            Caller::Service(service) => {
                let guest = || self.guests.as_ref().is_some_and(|own| own.may_call_as(service));
                self.services.contains(&service) || guest()
            }
            Caller::Edge => {
                self.edge || self.guests.as_ref().is_some_and(Guests::may_call_for_edges)
            }
            Caller::Program | Caller::Operator => self.program,
        };
        if allowed { Ok(()) } else { Err(self.denied(caller)) }
    }

    #[cold]
    fn denied(&self, caller: Caller) -> NotExecuted {
        let unit = &self.unit;
        let why = match caller {
            Caller::Service(service) => {
                format!("unit `{unit}` doesn't host `{service}`, and can't call for it")
            }
            Caller::Edge => format!("unit `{unit}` has no `http`, and can't call for an edge"),
            Caller::Program | Caller::Operator => format!(
                "the program of unit `{unit}` may call no other units: `program = true` in \
                 [units.{unit}] lets it"
            ),
        };
        NotExecuted::Denied { why: why.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_speaks_for_what_it_has() {
        let id = |name| ServiceId::of(name).unwrap();
        let (order, user) = (id("authority-order"), id("authority-user"));
        let services = Box::new([order]);
        let front = Authority { services, edge: true, ..Authority::none("front") };
        assert_eq!(front.admit(Caller::Service(order)), Ok(()));
        assert_eq!(front.admit(Caller::Edge), Ok(()));
        for (caller, said) in [
            (Caller::Service(user), "unit `front` doesn't host `authority-user`"),
            (Caller::Program, "`program = true` in [units.front]"),
        ] {
            let denied = front.admit(caller).unwrap_err();
            assert!(matches!(denied, NotExecuted::Denied { .. }), "{denied}");
            assert!(denied.to_string().contains(said), "{denied}");
        }
        let nobody = Authority::none("stranger");
        for caller in [Caller::Service(order), Caller::Edge, Caller::Program] {
            assert!(nobody.admit(caller).is_err(), "{caller}");
        }
        assert_eq!(Authority { program: true, ..nobody }.admit(Caller::Program), Ok(()));
    }
}
