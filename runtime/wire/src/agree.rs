//! What two sides can do together: their contracts compared, method by method.

use crate::frame::{Hello, ServiceOffer};

/// The layout of a method that is called in JSON alone: it agrees with any.
pub(crate) const ANY_LAYOUT: u64 = 0;

/// What a peer offers of one contract that this side wants to call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceTable {
    /// The service's place in the peer's hello.
    pub service: u16,
    /// Whether it is active there.
    pub active: bool,
    /// Whether it is well there, which is taken to be so until its unit says otherwise.
    pub well: bool,
    /// The contract's version there.
    pub version: String,
    /// Per method of the wanted contract, in its order: where it is, or why it can't be called.
    pub methods: Vec<MethodState>,
}

/// Whether one method can be called on a peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MethodState {
    /// Both sides' layouts agree; the method's place in the peer's hello.
    Usable(u16),
    /// The peer has the method with another layout.
    Differs,
    /// The peer's contract has no such method.
    Missing,
}

impl ServiceTable {
    /// Whether any of the methods can be called now. A contract without methods has none that can't.
    pub fn is_usable(&self) -> bool {
        let usable = |state: &MethodState| matches!(state, MethodState::Usable(_));
        self.active && (self.methods.is_empty() || self.methods.iter().any(usable))
    }
}

/// Compares the contract that this side was built with to what the peer offers; `None` if the peer
/// doesn't host the service.
pub fn agree(wanted: &ServiceOffer, peer: &Hello) -> Option<ServiceTable> {
    let (place, offer) = peer.services.iter().enumerate().find(|(_, s)| s.name == wanted.name)?;
    let methods = wanted.methods.iter().map(|method| {
        match offer.methods.iter().enumerate().find(|(_, m)| m.name == method.name) {
            Some((place, there)) if [there.layout, ANY_LAYOUT].contains(&method.layout) => {
                u16::try_from(place).map_or(MethodState::Missing, MethodState::Usable)
            }
            Some(_) => MethodState::Differs,
            None => MethodState::Missing,
        }
    });
    let service = u16::try_from(place).ok()?;
    Some(ServiceTable {
        service,
        active: peer.is_active(service),
        well: true,
        version: offer.version.clone(),
        methods: methods.collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::{MethodOffer, ServiceSetBuf};

    fn service(name: &str, methods: &[(&str, u64)]) -> ServiceOffer {
        let methods =
            methods.iter().map(|&(name, layout)| MethodOffer { name: name.to_owned(), layout });
        ServiceOffer {
            name: name.to_owned(),
            version: "1.0".to_owned(),
            methods: methods.collect(),
        }
    }

    #[test]
    fn methods_are_found_wherever_they_stand() {
        let services = vec![
            service("ledger", &[("post", 1)]),
            service("payment", &[("refund", 9), ("receipt", 2), ("charge", 4)]),
        ];
        let peer = Hello { services, ..Hello::default() };
        let wanted = service("payment", &[("charge", 3), ("receipt", 2), ("void", 5)]);
        let table = agree(&wanted, &peer).unwrap();
        assert_eq!(table.service, 1);
        assert_eq!(
            table.methods,
            [MethodState::Differs, MethodState::Usable(1), MethodState::Missing]
        );
        assert!(table.active && table.is_usable());
        assert_eq!(agree(&service("mail", &[]), &peer), None);
        let differs = agree(&service("payment", &[("charge", 3)]), &peer).unwrap();
        assert!(differs.active && !differs.is_usable());
        let peer = Hello { active: Some(ServiceSetBuf::new([true, false])), ..peer };
        let standby = agree(&wanted, &peer).unwrap();
        assert!(!standby.active && !standby.is_usable());
        assert_eq!(standby.methods, table.methods);
    }
}
