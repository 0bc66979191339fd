//! A call by hand that is the same as one in the ledger tells what became of that.

use std::{path::Path, time::Duration};

use seam_core::outcome::Certainty;
use seam_telemetry::ledger::{Entry, Found, has_hidden, read};
use serde_json::{Value as Json, value::RawValue};
use tokio::task::spawn_blocking;

use super::{control::Request, status::ask_for, unknown::MOST};
use crate::unit::{SeenAnswer, SeenAsk};

/// How long a unit may take to write it down.
const PATIENCE: Duration = Duration::from_secs(1);

/// A method that may be called twice, and the arguments that it was called with.
pub(super) struct Repeated {
    callee: String,
    arguments: Json,
}

impl Repeated {
    pub(super) fn new(service: &str, method: &str, arguments: &RawValue) -> Option<Self> {
        let arguments = serde_json::from_str(arguments.get()).ok()?;
        Some(Self { callee: format!("{service}.{method}"), arguments })
    }

    /// Settles the calls in the ledgers of all units that are the same. Whoever called has an answer,
    /// whatever becomes of that.
    pub(super) async fn settle(self, data: &Path, called: &Result<Box<RawValue>, Json>) {
        let found = match called {
            Ok(_) => Found::Answered,
            Err(problem) if problem["outcome"] == Certainty::Service.as_str() => {
                Found::ServiceError
            }
            Err(_) => return,
        };
        let folder = data.to_owned();
        let entries = spawn_blocking(move || read(&folder, MOST)).await;
        let Ok(Ok(entries)) = entries else { return };
        for (unit, entry) in entries.into_iter().filter(|(_, entry)| self.is_same(entry)) {
            let ask = Request::Seen(SeenAsk::Settle { id: entry.id, found });
            let heard = ask_for::<SeenAnswer>(data, &unit, &ask, PATIENCE).await;
            if let Err(failure) = heard {
                tracing::debug!(unit, reason = failure.text, "a call isn't settled");
            }
        }
    }

    fn is_same(&self, entry: &Entry) -> bool {
        entry.may_settle()
            && entry.callee == self.callee
            && entry.arguments == self.arguments
            && !has_hidden(&entry.arguments)
    }
}

#[cfg(test)]
mod tests {
    use seam_telemetry::ledger::State;
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_looked_into_or_not_known_wholly_isnt_settled() {
        let raw = |json: Json| RawValue::from_string(json.to_string()).unwrap();
        let charge = |json| Repeated::new("payment", "charge", &raw(json)).unwrap();
        let entry = Entry {
            id: "7".into(),
            at: String::new(),
            trace_id: String::new(),
            caller: "order".into(),
            callee: "payment.charge".into(),
            code: "connection_lost".into(),
            arguments: json!({ "order": 7, "pin": 1 }),
            state: State::Open,
            found: None,
            note: None,
        };
        let same = charge(json!({ "pin": 1, "order": 7 }));
        assert!(same.is_same(&entry));
        assert!(!charge(json!({ "order": 7 })).is_same(&entry));
        assert!(!same.is_same(&Entry { callee: "payment.refund".into(), ..entry.clone() }));
        let failed = Entry { state: State::Found, found: Some(Found::Failed), ..entry.clone() };
        assert!(same.is_same(&failed));
        let answered = Entry { found: Some(Found::Answered), ..failed };
        assert!(!same.is_same(&answered));
        assert!(!same.is_same(&Entry { state: State::Resolved, ..entry.clone() }));
        let hidden = Entry { arguments: json!({ "order": 7, "pin": "***" }), ..entry };
        assert!(!charge(json!({ "order": 7, "pin": "***" })).is_same(&hidden));
    }
}
