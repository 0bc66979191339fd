//! What a unit tells others of the contracts that it hosts, and how it is asked: the wire's PROTOCOL.md
//! has the texts.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use seam_core::contract::{ContractDescriptor, FetchedContract, descriptor_text};
use seam_core::live::Live;
use seam_core::name::ServiceId;
use seam_core::outcome::{CallError, Failure, NotExecuted};
use seam_core::remote::{Inbound, Inlet, Remote, Served, ask_own, own_contract};
use seam_core::time::Clock;
use serde::{Deserialize, Serialize};

/// The service of the runtime's own that is asked.
const NAME: &str = "seam.contracts";
/// After which no answer is waited for.
const DEADLINE: Duration = Duration::from_secs(2);
/// So many services of a unit are looked at.
const MOST: usize = 256;

/// Its id; `None` if the process has met too many names.
pub(in crate::unit) fn service() -> Option<ServiceId> {
    ServiceId::of(NAME)
}

/// Its contract: one method that takes JSON and answers it.
pub(in crate::unit) fn contract() -> &'static ContractDescriptor {
    static CONTRACT: OnceLock<ContractDescriptor> = OnceLock::new();
    CONTRACT.get_or_init(|| own_contract(NAME, "json"))
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Ask {
    List {},
    Get { service: String, hash: String },
}

#[derive(Debug, Serialize, Deserialize)]
struct Listing {
    services: Vec<Listed>,
}

/// A service that a unit hosts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Listed {
    /// Its name, as calls name it.
    pub(super) name: String,
    /// Its contract's version.
    pub(super) version: String,
    /// The hash of its contract's descriptor, as 16 hexadecimal digits.
    hash: String,
    /// The services that it declares to call.
    #[serde(default)]
    pub(super) needs: Vec<String>,
}

impl Listed {
    pub(super) fn hash(&self) -> Option<u64> {
        u64::from_str_radix(&self.hash, 16).ok()
    }
}

// === What is told ===

/// The contracts of the services that a unit hosts, for whoever asks.
pub(in crate::unit) struct Contracts {
    service: ServiceId,
    known: Vec<Known>,
    /// Those that are hosted now.
    hosted: Live<Vec<String>>,
}

struct Known {
    id: ServiceId,
    contract: &'static ContractDescriptor,
    needs: Vec<String>,
    /// Made when it is asked for first.
    text: OnceLock<(Vec<u8>, u64)>,
}

impl Contracts {
    /// Those of the services that may be hosted here, of which these are now.
    pub(in crate::unit) fn new(
        service: ServiceId,
        known: impl IntoIterator<Item = (ServiceId, &'static ContractDescriptor, Vec<String>)>,
        hosted: Live<Vec<String>>,
    ) -> Self {
        let known = known.into_iter().map(|(id, contract, needs)| Known {
            id,
            contract,
            needs,
            text: OnceLock::new(),
        });
        Self { service, known: known.collect(), hosted }
    }

    fn hosted(&self) -> impl Iterator<Item = &Known> {
        let hosted = self.hosted.get();
        self.known.iter().filter(move |known| hosted.iter().any(|name| name == known.id.name()))
    }

    fn answer(&self, asked: &[u8]) -> Result<Vec<u8>, NotExecuted> {
        let bad = |why: String| NotExecuted::bad_request(why);
        match serde_json::from_slice(asked).map_err(|error| bad(error.to_string()))? {
            Ask::List {} => {
                let services = self.hosted().map(Known::listed).collect();
                serde_json::to_vec(&Listing { services }).map_err(|error| bad(error.to_string()))
            }
            Ask::Get { service, hash } => {
                let mut hosted = self.hosted();
                let found = hosted.find(|own| own.id.name() == service && own.hash() == hash);
                let found = found.ok_or_else(|| {
                    bad(format!("no service `{service}` with a contract of the hash {hash}"))
                });
                Ok(found?.text().0.clone())
            }
        }
    }
}

impl Known {
    fn text(&self) -> &(Vec<u8>, u64) {
        self.text.get_or_init(|| descriptor_text(self.contract))
    }

    fn hash(&self) -> String {
        format!("{:016x}", self.text().1)
    }

    fn listed(&self) -> Listed {
        Listed {
            name: self.id.name().to_owned(),
            version: self.contract.version.clone(),
            hash: self.hash(),
            needs: self.needs.clone(),
        }
    }
}

impl Inlet for Contracts {
    fn service(&self) -> ServiceId {
        self.service
    }

    fn descriptor(&self) -> &'static ContractDescriptor {
        contract()
    }

    fn serve(&self, inbound: Inbound<'_>, out: &mut Vec<u8>) -> Served {
        match self.answer(inbound.body) {
            Ok(answer) => {
                out.extend_from_slice(&answer);
                Served::Answered(inbound.now)
            }
            Err(why) => Served::failed(why),
        }
    }
}

impl fmt::Debug for Contracts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.known.iter().map(|known| known.id)).finish()
    }
}

// === What is asked ===

/// Asks a unit for its contracts.
#[derive(Clone)]
pub(super) struct Asking {
    pub(super) service: ServiceId,
    pub(super) remote: Arc<dyn Remote>,
    pub(super) clock: Clock,
}

impl Asking {
    /// What it hosts.
    ///
    /// # Errors
    /// Why it doesn't say, for people.
    pub(super) async fn list(&self) -> Result<Vec<Listed>, String> {
        let listing: Listing =
            serde_json::from_slice(&self.ask(&Ask::List {}).await?).map_err(text)?;
        let mut services = listing.services;
        services.truncate(MOST);
        Ok(services)
    }

    /// The contract of a service that it hosts, which is kept for good.
    ///
    /// # Errors
    /// Why it can't be had, for people.
    pub(super) async fn contract(&self, listed: &Listed) -> Result<FetchedContract, String> {
        let hash = listed.hash().ok_or_else(|| "its hash is none".to_owned())?;
        if let Some(known) = FetchedContract::known(hash) {
            return Ok(known);
        }
        let ask = Ask::Get { service: listed.name.clone(), hash: listed.hash.clone() };
        let descriptor = self.ask(&ask).await?;
        FetchedContract::keep(hash, &descriptor).map_err(|error| error.to_string())
    }

    async fn ask(&self, ask: &Ask) -> Result<Vec<u8>, String> {
        let asked = serde_json::to_vec(ask).map_err(text)?;
        let answer = ask_own(self.service, &self.remote, (&self.clock, DEADLINE), asked).await;
        answer.map_err(|failure: Failure| {
            CallError::<seam_core::contract::Never>::from(failure).to_string()
        })
    }
}

fn text(error: serde_json::Error) -> String {
    error.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use seam_core::contract::MethodDescriptor;

    #[test]
    fn a_unit_tells_of_what_it_hosts_and_of_nothing_else() {
        let plug: &'static ContractDescriptor = Box::leak(Box::new(ContractDescriptor {
            name: "contracts-plug".into(),
            version: "1.2".into(),
            doc: String::new(),
            methods: vec![MethodDescriptor::plain("go", 0)],
            events: Vec::new(),
        }));
        let id = ServiceId::of("contracts-plug").unwrap();
        let hosted = Live::new(vec!["contracts-plug".to_owned()]);
        let known = [(id, plug, vec!["user".to_owned()])];
        let contracts = Contracts::new(service().unwrap(), known, hosted.clone());
        let list = contracts.answer(br#"{"list":{}}"#).unwrap();
        let Listing { services } = serde_json::from_slice(&list).unwrap();
        assert_eq!((services.len(), services[0].version.as_str()), (1, "1.2"));
        assert_eq!(services[0].needs, ["user"]);
        let get = |hash: &str| {
            let ask = Ask::Get { service: "contracts-plug".into(), hash: hash.to_owned() };
            contracts.answer(&serde_json::to_vec(&ask).unwrap())
        };
        let text = get(&services[0].hash).unwrap();
        let fetched = FetchedContract::keep(services[0].hash().unwrap(), &text).unwrap();
        assert_eq!(fetched.descriptor(), plug);
        assert!(get("0").is_err() && contracts.answer(b"{}").is_err());
        hosted.set(Vec::new());
        assert!(get(&services[0].hash).is_err(), "it has moved away");
    }
}
