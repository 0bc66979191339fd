//! The one way by which anything is changed: authorised, done or refused whole, and written down.

use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

use crate::acts::{Act, Deed};
use crate::audit::{Audit, AuditEntry};
use crate::auth::{Role, Who};
use crate::refusal::Refusal;
use crate::units::{Done, Units};

/// The one way to change something. Clones are the same.
#[derive(Clone, Debug)]
pub struct Steering {
    audit: Arc<Audit>,
}

/// What came of something, for the audit.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    /// `done`, how a call ended, or the code and the reason of a failure.
    pub result: String,
    /// What was there before; `None` if nothing more is known than the deed says.
    pub old: Option<Value>,
    /// What is there now; the same.
    pub new: Option<Value>,
}

impl Judged {
    /// It ended so, and nothing more is known.
    pub fn new(result: impl Into<String>) -> Self {
        Self { result: result.into(), old: None, new: None }
    }
}

impl Steering {
    /// Writes down what is done to what has its data there.
    pub fn new(data: &Path) -> Self {
        Self { audit: Arc::new(Audit::new(data)) }
    }

    /// What was done.
    pub fn audit(&self) -> &Arc<Audit> {
        &self.audit
    }

    /// Has units do something.
    ///
    /// # Errors
    /// Who asks mayn't; the audit can't be written, and nothing was done; or the units refuse.
    pub async fn act(&self, units: &dyn Units, who: &Who, act: Act) -> Result<Done, Refusal> {
        let judge = |done: &Result<Done, Refusal>| match done {
            Ok(done) => {
                let (old, new) = (Some(done.old.clone()), done.new.clone());
                Judged { result: done.result.clone(), old, new }
            }
            Err(refusal) => Judged::new(refusal.to_string()),
        };
        self.audited(who, act.deed(), units.act(act), judge).await?
    }

    /// Does something by a future, which isn't polled unless it may be done. What came of it, `judge` says.
    ///
    /// # Errors
    /// Who asks mayn't, or the audit can't be written: nothing was done.
    pub async fn audited<T>(
        &self,
        who: &Who,
        deed: Deed,
        doing: impl Future<Output = T>,
        judge: impl FnOnce(&T) -> Judged,
    ) -> Result<T, Refusal> {
        if who.role != Role::Operator {
            let denied = Refusal::denied("this needs the role `operator`");
            self.write_down(who, deed, Judged::new(denied.to_string())).await;
            return Err(denied);
        }
        let audit = Arc::clone(&self.audit);
        let open = tokio::task::spawn_blocking(move || audit.try_open()).await;
        if let Err(error) = open.unwrap_or_else(|gone| Err(std::io::Error::other(gone))) {
            return Err(Refusal::unavailable(format!(
                "the audit {} can't be written: {error}; nothing was done",
                self.audit.path().display()
            )));
        }
        let done = doing.await;
        self.write_down(who, deed, judge(&done)).await;
        Ok(done)
    }

    async fn write_down(&self, who: &Who, deed: Deed, judged: Judged) {
        let entry = AuditEntry::new(who, deed, judged);
        let audit = Arc::clone(&self.audit);
        let written = tokio::task::spawn_blocking(move || audit.append(&entry)).await;
        if let Err(error) = written.unwrap_or_else(|gone| Err(std::io::Error::other(gone))) {
            tracing::error!(%error, who = who.name, "what was done isn't in the audit");
        }
    }
}
