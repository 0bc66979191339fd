//! `reload`: the running app goes by its config file as it is now.

use std::io::{self, Write as _};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value as Json, json};
use tokio::net::UnixStream;

use super::{
    Failure,
    control::{
        Mistake, News, Order, Pending, Refusal, Request, ask, connect, give, is_of_up, names,
    },
    print, status,
};
use crate::{
    config::{Config, Problems},
    unit::Taken,
};

/// How long a unit that was started by `run` may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// What came of it, in all that runs.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// Whether anybody runs.
    heard: bool,
    version: String,
    pending: Vec<Pending>,
    pub(super) failed: Vec<String>,
    pub(super) invalid: Vec<Mistake>,
}

/// Has all that runs on the data folder read the file anew, and says what came of it. `load` reads it
/// here, for the case that nothing runs.
pub(super) async fn reload(
    data: &Path,
    load: impl Fn() -> Result<Config, Problems>,
    json: bool,
) -> Result<ExitCode, Failure> {
    let outcome = of_all(data).await?;
    if !outcome.heard {
        let nothing = status::nothing_runs(&load()?);
        return Err(match json {
            true => Failure::answer(json!({ "ok": false, "reason": nothing })),
            false => Failure::other(nothing),
        });
    }
    outcome.show(json)
}

/// Has all that runs on the data folder read the file anew.
pub(super) async fn of_all(data: &Path) -> Result<Outcome, Failure> {
    let names = names(data);
    let asked = names.iter().map(|name| async move {
        match connect(data, name).await {
            Ok(Some(stream)) if is_of_up(name) => Ok(of_up(stream).await),
            Ok(Some(stream)) => of_unit(data, name, stream).await,
            Ok(None) => Ok(Outcome::default()),
            Err(error) => Err(status::closed(name, &error)),
        }
    });
    let mut all = Outcome::default();
    for outcome in join_all(asked).await {
        all.add(outcome?);
    }
    Ok(all)
}

async fn of_up(stream: UnixStream) -> Outcome {
    let mut outcome = Outcome { heard: true, ..Outcome::default() };
    let hear = |news| match news {
        News::Invalid { problems } => outcome.invalid = problems,
        News::InForce { version, pending, failed } => {
            (outcome.version, outcome.pending, outcome.failed) = (version, pending, failed);
        }
        News::Refused { reason } => outcome.failed.push(reason),
        _ => {}
    };
    match give(stream, &Order::Reload {}, hear).await {
        Ok(()) => {}
        Err(error) => outcome.failed.push(match error.kind() {
            io::ErrorKind::TimedOut => "`up` doesn't answer any more".into(),
            io::ErrorKind::UnexpectedEof => "`up` has ended meanwhile".into(),
            _ => format!("`up` can't be asked: {error}"),
        }),
    }
    outcome
}

async fn of_unit(data: &Path, name: &str, stream: UnixStream) -> Result<Outcome, Failure> {
    let mut outcome = Outcome { heard: true, ..Outcome::default() };
    match ask(stream, &Request::Reload {}, PATIENCE).await {
        Ok(Ok(taken)) => {
            let taken: Taken = serde_json::from_str(taken.get()).map_err(Failure::other)?;
            outcome.version = taken.version;
            outcome.failed = taken.failed;
            // An instance is restarted with its unit.
            let unit = name.split('.').next().unwrap_or(name);
            for key in taken.restart {
                Pending::add(&mut outcome.pending, key, unit);
            }
        }
        Ok(Err(answer)) => match Refusal::of(&answer) {
            Some(Refusal::Invalid(mistakes)) => outcome.invalid = mistakes,
            // That one is asked.
            Some(Refusal::OfUp) => return Ok(Outcome::default()),
            None => outcome.failed.push(format!("unit `{name}` says: {answer}")),
        },
        // A child of `up`, which looks after it.
        Err(_) if names(data).iter().any(|name| is_of_up(name)) => return Ok(Outcome::default()),
        Err(error) => outcome.failed.push(format!("unit `{name}` can't be asked: {error}")),
    }
    Ok(outcome)
}

impl Outcome {
    fn add(&mut self, other: Self) {
        self.heard |= other.heard;
        if !other.version.is_empty() {
            self.version = other.version;
        }
        for Pending { key, units } in other.pending {
            for unit in units {
                Pending::add(&mut self.pending, key.clone(), &unit);
            }
        }
        self.failed.extend(other.failed);
        for mistake in other.invalid {
            if !self.invalid.contains(&mistake) {
                self.invalid.push(mistake);
            }
        }
    }

    /// Prints it, or fails with it.
    pub(super) fn show(self, json: bool) -> Result<ExitCode, Failure> {
        if !self.invalid.is_empty() {
            let text = match json {
                true => format!("{:#}", self.as_json()),
                false => {
                    let all: Vec<_> = self.invalid.iter().map(|own| own.text.as_str()).collect();
                    let count = match all.len() {
                        1 => "1 problem".to_owned(),
                        count => format!("{count} problems"),
                    };
                    format!("{}\n\n{count}; nothing has changed", all.join("\n\n"))
                }
            };
            return Err(Failure { code: 2, text, answer: json });
        }
        if json {
            let text = format!("{:#}", self.as_json());
            return match self.failed.is_empty() {
                true => print(text),
                false => Err(Failure::answer(text)),
            };
        }
        let _ = writeln!(io::stdout(), "{}", self.lines().join("\n"));
        match self.failed.is_empty() {
            true => Ok(ExitCode::SUCCESS),
            false => Err(Failure::other(self.failed.join("\n"))),
        }
    }

    /// For people.
    fn lines(&self) -> Vec<String> {
        let mut lines = vec![format!("in force: config {}", self.version)];
        lines.extend(self.pending.iter().map(pending));
        lines
    }

    fn as_json(&self) -> Json {
        if !self.invalid.is_empty() {
            let problem =
                |own: &Mistake| json!({ "at": own.at, "reason": own.reason, "fix": own.fix });
            let problems: Vec<_> = self.invalid.iter().map(problem).collect();
            return json!({ "ok": false, "problems": problems });
        }
        let mut all = json!({
            "ok": self.failed.is_empty(), "configVersion": self.version, "restart": self.pending,
        });
        if !self.failed.is_empty() {
            all["reason"] = json!(self.failed.join("; "));
        }
        all
    }
}

/// What to say of a key that is read once.
pub(super) fn pending(pending: &Pending) -> String {
    let Pending { key, units } = pending;
    let restarts: Vec<_> = units.iter().map(|unit| format!("restart {unit}")).collect();
    match key.starts_with("topologies.") {
        true => format!("needs a restart: {key} (stop the app, and start it again)"),
        false => format!("needs a restart: {key} ({})", restarts.join(", ")),
    }
}
