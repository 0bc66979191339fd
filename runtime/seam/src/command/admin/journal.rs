//! `audit`: what was done, and by whom.

use std::{io, path::Path};

use seam_admin::{Audit, AuditEntry};
use serde_json::Value as Json;

use super::super::{
    Failure,
    status::{table, trimmed},
};

/// Shows the newest entries, the oldest of them first.
pub(in crate::command) fn journal(
    data: &Path,
    limit: usize,
    json: bool,
) -> Result<String, Failure> {
    let unread = |error: io::Error| Failure::other(format!("the audit can't be read: {error}"));
    let entries = Audit::new(data).newest(limit).map_err(unread)?;
    if json {
        return serde_json::to_string_pretty(&entries).map_err(Failure::other);
    }
    if entries.is_empty() {
        return Ok("nothing was done yet".into());
    }
    let heads = ["AT", "WHO", "ROLE", "ACTION", "TARGET", "OLD", "NEW", "RESULT"];
    let mut rows = table(&heads, &[]);
    for entry in &entries {
        let AuditEntry { at, who, role, action, target, old, new, result } = entry;
        let (old, new) = (shown(old), shown(new));
        rows.add_row([at, who, role.as_str(), action, target, &old, &new, result]);
    }
    Ok(trimmed(&rows))
}

/// A value in a cell.
fn shown(value: &Json) -> String {
    match value {
        Json::Null => "-".into(),
        Json::String(text) => text.clone(),
        value => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::audited;
    use seam_admin::Deed;
    use serde_json::json;

    use super::*;

    #[tokio::test]
    async fn entries_are_rows_or_json() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path();
        assert_eq!(journal(data, 9, false).unwrap(), "nothing was done yet");
        assert_eq!(journal(data, 9, true).unwrap(), "[]");
        let deed = Deed::new("set", "log.level").to(json!({ "value": "debug", "for": "10m" }));
        audited(data, deed, async { Ok(()) }).await.unwrap();
        let text = journal(data, 9, false).unwrap();
        let (head, row) = text.split_once('\n').unwrap();
        assert!(head.starts_with("AT ") && head.ends_with("RESULT"), "{text}");
        assert!(
            row.contains(r#"set     log.level  -    {"value":"debug","for":"10m"}  done"#),
            "{text}"
        );
        let all: Json = serde_json::from_str(&journal(data, 9, true).unwrap()).unwrap();
        assert_eq!(all[0]["action"], "set");
    }
}
