//! What commands do goes the way of all steering, and is written down.

use std::path::Path;

use seam_admin::{Deed, Judged, Steering};
use serde_json::{Value as Json, value::RawValue};

use super::super::{Failure, user::user};

/// Does something for whoever is at the command line.
///
/// # Errors
/// It fails, or the audit can't be written: then nothing was done.
pub(in crate::command) async fn audited<T>(
    data: &Path,
    deed: Deed,
    doing: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    audited_from(data, deed, doing, |_| Json::Null).await
}

/// The same where it is known afterwards what was there before.
pub(in crate::command) async fn audited_from<T>(
    data: &Path,
    deed: Deed,
    doing: impl Future<Output = Result<T, Failure>>,
    old: impl FnOnce(&T) -> Json,
) -> Result<T, Failure> {
    audited_change(data, deed, doing, |done| (old(done), None)).await
}

/// The same where it is known afterwards, too, what is there now.
pub(in crate::command) async fn audited_change<T>(
    data: &Path,
    deed: Deed,
    doing: impl Future<Output = Result<T, Failure>>,
    change: impl FnOnce(&T) -> (Json, Option<Json>),
) -> Result<T, Failure> {
    written_down(data, deed, doing, |done| match done {
        Ok(done) => {
            let (old, new) = change(done);
            Judged { result: "done".into(), old: Some(old), new }
        }
        Err(failure) => Judged::new(failed(failure)),
    })
    .await
}

/// What came of a call: its answer, or the problem.
type Called = Result<Box<RawValue>, Json>;

/// The same for a call, of whose answer not more is told than how it ended.
pub(in crate::command) async fn audited_call(
    data: &Path,
    deed: Deed,
    calling: impl Future<Output = Result<Called, Failure>>,
) -> Result<Called, Failure> {
    written_down(data, deed, calling, |called| {
        Judged::new(called.as_ref().map_or_else(failed, ended))
    })
    .await
}

/// The same where it isn't done or failed, but something in between.
pub(in crate::command) async fn audited_as<T>(
    data: &Path,
    deed: Deed,
    doing: impl Future<Output = Result<T, Failure>>,
    result: impl FnOnce(&T) -> String,
) -> Result<T, Failure> {
    written_down(data, deed, doing, |done| Judged::new(done.as_ref().map_or_else(failed, result)))
        .await
}

async fn written_down<T>(
    data: &Path,
    deed: Deed,
    doing: impl Future<Output = Result<T, Failure>>,
    judge: impl FnOnce(&Result<T, Failure>) -> Judged,
) -> Result<T, Failure> {
    // Without a data folder nothing runs that anything could be done to.
    if !data.is_dir() {
        return doing.await;
    }
    let done = Steering::new(data).audited(&user(), deed, doing, judge).await;
    done.map_err(|refusal| Failure::other(refusal.detail))?
}

/// The first line of why it failed.
fn failed(failure: &Failure) -> String {
    if failure.answer {
        // A script's answer, which says the same at length.
        let reason = serde_json::from_str::<Json>(&failure.text).unwrap_or_default();
        return format!(
            "failed: {}",
            reason["reason"].as_str().unwrap_or("see the command's answer")
        );
    }
    format!("failed: {}", failure.text.lines().next().unwrap_or_default())
}

/// How a call ended: `answered`, or `declined (service)`.
pub(super) fn ended(called: &Called) -> String {
    match called {
        Ok(_) => "answered".into(),
        Err(problem) => {
            let text = |key: &str| problem[key].as_str().unwrap_or("failed").to_owned();
            format!("{} ({})", text("code"), text("outcome").replace('_', " "))
        }
    }
}

#[cfg(test)]
mod tests {
    use seam_admin::Audit;
    use serde_json::json;

    use super::*;

    #[tokio::test]
    async fn what_a_command_does_and_what_it_fails_in_is_written_down() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path();
        let done = async { Ok(7) };
        let moved = audited_from(data, Deed::new("move", "payment"), done, |_| json!("pay")).await;
        assert_eq!(moved.unwrap(), 7);
        let fails = async { Err::<(), _>(Failure::usage("there is no unit `x`\n  fix: y")) };
        assert!(audited(data, Deed::new("drain", "x"), fails).await.is_err());
        let script = async { Err::<(), _>(Failure::answer(json!({ "reason": "busy" }))) };
        assert!(audited(data, Deed::new("drain", "y"), script).await.is_err());
        let secret = json!({ "code": "declined", "outcome": "service", "card": "4711" });
        let call = async { Ok(Err(secret)) };
        assert!(audited_call(data, Deed::new("call", "a.b"), call).await.unwrap().is_err());
        let told: Vec<_> = Audit::new(data).newest(9).unwrap();
        let told: Vec<_> = told.iter().map(|own| (&*own.target, &*own.result, &own.old)).collect();
        let (pay, none) = (json!("pay"), Json::Null);
        assert_eq!(
            told,
            [
                ("payment", "done", &pay),
                ("x", "failed: there is no unit `x`", &none),
                ("y", "failed: busy", &none),
                ("a.b", "declined (service)", &none),
            ]
        );
    }

    #[tokio::test]
    async fn where_nothing_can_run_nothing_is_left_behind() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        audited(&data, Deed::new("reload", "config"), async { Ok(()) }).await.unwrap();
        assert!(!data.exists());
    }
}
