//! What an edge asks a unit in another process, and what it is answered: MessagePack, by names.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use seam_core::contract::ContractDescriptor;
use seam_core::name::ServiceId;
use seam_core::remote::{Inbound, Inlet, Remote, Served, ask_named, own_contract, serve_named};
use seam_core::time::Clock;
use seam_gateway::{Pushed, Said};
use serde::{Deserialize, Serialize};

use super::hub::{Heard, Hub};

/// So long something new is waited for at most.
const LONGEST: Duration = Duration::from_secs(5);
/// After which no answer is waited for.
const DEADLINE: Duration = Duration::from_secs(8);

/// What every unit is asked by edges; no service of an app has such a name. `None` if the process has
/// met too many names.
pub(in crate::unit) fn service() -> Option<ServiceId> {
    ServiceId::of("seam.push")
}

/// Its contract.
pub(in crate::unit) fn contract() -> &'static ContractDescriptor {
    static CONTRACT: OnceLock<ContractDescriptor> = OnceLock::new();
    CONTRACT.get_or_init(|| own_contract("seam.push", "rmp"))
}

#[derive(Debug, Serialize, Deserialize)]
struct Request {
    heard: Option<Heard>,
    /// In milliseconds.
    wait: u64,
}

#[derive(Debug, Serialize, Deserialize)]
struct Answer {
    process: u32,
    /// In milliseconds.
    age: u64,
    head: u64,
    leaves: bool,
    events: Vec<Row>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Row {
    number: u64,
    subject: String,
    event: String,
    data: String,
}

impl From<Pushed> for Row {
    fn from(Pushed { number, subject, event, data }: Pushed) -> Self {
        let data = String::from_utf8_lossy(&data).into_owned();
        Self { number, subject: (*subject).to_owned(), event: (*event).to_owned(), data }
    }
}

impl From<Row> for Pushed {
    fn from(Row { number, subject, event, data }: Row) -> Self {
        Self { number, subject: subject.into(), event: event.into(), data: data.into() }
    }
}

/// The way in to a unit's hub, for edges in other processes.
pub(in crate::unit) struct PushInlet {
    service: ServiceId,
    hub: Hub,
    clock: Clock,
}

impl PushInlet {
    pub(in crate::unit) const fn new(service: ServiceId, hub: Hub, clock: Clock) -> Self {
        Self { service, hub, clock }
    }
}

impl Inlet for PushInlet {
    fn service(&self) -> ServiceId {
        self.service
    }

    fn descriptor(&self) -> &'static ContractDescriptor {
        contract()
    }

    fn serve(&self, inbound: Inbound<'_>, _: &mut Vec<u8>) -> Served {
        let hub = self.hub.clone();
        serve_named(&inbound, &self.clock, |Request { heard, wait }| async move {
            let wait = Duration::from_millis(wait).min(LONGEST);
            let (Said { process, age, head, events, .. }, leaves) = hub.tell(heard, wait).await;
            let age = u64::try_from(age.as_millis()).unwrap_or(u64::MAX);
            let events = events.into_iter().map(Row::from).collect();
            Answer { process, age, head, leaves, events }
        })
    }
}

/// Asks a unit in another process, as [`Hub::tell`] answers.
///
/// # Errors
/// Why it can't be asked, for people.
pub(super) async fn ask(
    service: ServiceId,
    remote: &Arc<dyn Remote>,
    clock: &Clock,
    (heard, wait): (Option<Heard>, Duration),
) -> Result<(Said, bool), String> {
    let wait = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
    let answer = ask_named(service, remote, (clock, DEADLINE), &Request { heard, wait }).await?;
    let Answer { process, age, head, leaves, events } = answer;
    let age = Duration::from_millis(age);
    let events = events.into_iter().map(Pushed::from).collect();
    Ok((Said { process, age, head, old: 0, events }, leaves))
}
