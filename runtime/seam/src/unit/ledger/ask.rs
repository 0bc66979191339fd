//! What a unit asks another one about calls whose outcome it doesn't know: MessagePack, by names.

use std::collections::HashSet;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use seam_core::context::SpanId;
use seam_core::contract::ContractDescriptor;
use seam_core::name::ServiceId;
use seam_core::record::{Fate, Recorder};
use seam_core::remote::{Inbound, Inlet, Remote, Served, ask_named, own_contract, serve_named};
use seam_core::time::Clock;
use seam_telemetry::ledger::Found;
use serde::{Deserialize, Serialize};

/// After which no answer is waited for.
const DEADLINE: Duration = Duration::from_secs(1);
/// So many calls are asked about at once.
pub(super) const MOST: usize = 1_000;

/// What every unit is asked by those that call it; no service of an app has such a name. `None` if the
/// process has met too many names.
pub(in crate::unit) fn service() -> Option<ServiceId> {
    ServiceId::of("seam.outcomes")
}

/// Its contract.
pub(in crate::unit) fn contract() -> &'static ContractDescriptor {
    static CONTRACT: OnceLock<ContractDescriptor> = OnceLock::new();
    CONTRACT.get_or_init(|| own_contract("seam.outcomes", "rmp"))
}

#[derive(Debug, Serialize, Deserialize)]
struct Request {
    spans: Vec<u64>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Answer {
    found: Vec<(u64, Found)>,
}

/// What became of calls that ran here.
pub(super) fn found(recorder: &Recorder, spans: &[SpanId]) -> Vec<(SpanId, Found)> {
    let spans: HashSet<SpanId> = spans.iter().copied().collect();
    let found = recorder.fates().look(&spans).into_iter();
    found.map(|(span, fate)| (span, told(fate))).collect()
}

/// What became of a call, as it is told.
pub(super) const fn told(fate: Fate) -> Found {
    match fate {
        Fate::Failed => Found::Failed,
        Fate::ServiceError => Found::ServiceError,
        Fate::Answered => Found::Answered,
    }
}

/// The way in for units that made calls to this one.
pub(in crate::unit) struct FatesInlet {
    service: ServiceId,
    recorder: Arc<Recorder>,
    clock: Clock,
}

impl FatesInlet {
    pub(in crate::unit) const fn new(
        service: ServiceId,
        recorder: Arc<Recorder>,
        clock: Clock,
    ) -> Self {
        Self { service, recorder, clock }
    }
}

impl Inlet for FatesInlet {
    fn service(&self) -> ServiceId {
        self.service
    }

    fn descriptor(&self) -> &'static ContractDescriptor {
        contract()
    }

    fn serve(&self, inbound: Inbound<'_>, _: &mut Vec<u8>) -> Served {
        let recorder = Arc::clone(&self.recorder);
        serve_named(&inbound, &self.clock, |Request { spans }| async move {
            let spans: Vec<SpanId> = spans.into_iter().take(MOST).map(SpanId).collect();
            let found = found(&recorder, &spans).into_iter();
            Answer { found: found.map(|(span, found)| (span.0, found)).collect() }
        })
    }
}

/// Asks a unit in another process.
///
/// # Errors
/// Why it can't be asked, for people.
pub(super) async fn ask(
    service: ServiceId,
    remote: &Arc<dyn Remote>,
    clock: &Clock,
    spans: &[SpanId],
) -> Result<Vec<(SpanId, Found)>, String> {
    let request = Request { spans: spans.iter().map(|span| span.0).collect() };
    let Answer { found } = ask_named(service, remote, (clock, DEADLINE), &request).await?;
    Ok(found.into_iter().map(|(span, found)| (SpanId(span), found)).collect())
}
