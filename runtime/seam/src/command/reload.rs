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
    centre::{Act, Centre, Lock, Note},
    control::{
        Mistake, News, Order, Pending, Refusal, Request, ask, connect, give, is_of_up, names,
    },
    print, status,
    user::user,
};
use crate::{
    config::{Config, Problems},
    unit::Taken,
};

/// How long a unit that was started by `run` may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// What is read anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// The config's files.
    Files,
    /// What is set.
    Settings,
}

/// What came of it, in all that runs.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// Whether anybody runs.
    pub(super) heard: bool,
    version: String,
    /// The number that its history gives it.
    number: Option<u64>,
    /// The number of the version before it, or of the same one.
    before: Option<u64>,
    pending: Vec<Pending>,
    pub(super) failed: Vec<String>,
    pub(super) invalid: Vec<Mistake>,
}

/// What `reload` came to.
pub(super) struct Reloaded {
    /// The number of the version that was in force before; null if nobody knows.
    pub(super) old: Json,
    /// That of the one that is in force now, if it is known.
    pub(super) new: Option<Json>,
    pub(super) code: ExitCode,
}

/// Has all that runs on the data folder read the files anew, and says what came of it. `load` reads them
/// here.
pub(super) async fn reload(
    centre: &Centre,
    load: impl Fn() -> Result<Config, Problems>,
    json: bool,
) -> Result<Reloaded, Failure> {
    let outcome = reloaded(centre, &user().name).await?;
    if !outcome.heard {
        let nothing = status::nothing_runs(&load()?);
        return Err(match json {
            true => Failure::answer(json!({ "ok": false, "reason": nothing })),
            false => Failure::other(nothing),
        });
    }
    let (old, new) = outcome.change();
    Ok(Reloaded { old, new, code: outcome.show(json)? })
}

/// Has all that runs on the data folder read the files anew, which its versions tell of.
pub(super) async fn reloaded(centre: &Centre, by: &str) -> Result<Outcome, Failure> {
    let _lock = Lock::take(&centre.data).await?;
    let act = Act { by: by.to_owned(), how: "reload".into() };
    // Of a broken file there is no version.
    let read = centre.files.read().and_then(|source| (centre.parse)(&source));
    let version = read.ok().map(|config| config.version().to_owned());
    let note = |version: String| Note::leave(&centre.data, &version, &act).ok();
    let _note = version.filter(|_| centre.data.exists()).and_then(note);
    let before = centre.history().last_number();
    let mut outcome = of_all(&centre.data, What::Files).await?;
    outcome.before = before;
    outcome.number = centre.history().number_of(&outcome.version);
    Ok(outcome)
}

/// Has all that runs on the data folder read the files anew, or what is set.
pub(super) async fn of_all(data: &Path, what: What) -> Result<Outcome, Failure> {
    let names = names(data);
    let asked = names.iter().map(|name| async move {
        match connect(data, name).await {
            Ok(Some(stream)) if is_of_up(name) => Ok(of_up(stream, what).await),
            Ok(Some(stream)) => of_unit(data, name, stream, what).await,
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

async fn of_up(stream: UnixStream, what: What) -> Outcome {
    let mut outcome = Outcome { heard: true, ..Outcome::default() };
    let hear = |news| match news {
        News::Invalid { problems } => outcome.invalid = problems,
        News::InForce { version, pending, failed } => {
            (outcome.version, outcome.pending, outcome.failed) = (version, pending, failed);
        }
        News::Refused { reason } => outcome.failed.push(reason),
        _ => {}
    };
    let order = match what {
        What::Files => Order::Reload {},
        What::Settings => Order::Settings {},
    };
    match give(stream, &order, hear).await {
        Ok(()) => {}
        Err(error) => outcome.failed.push(match error.kind() {
            io::ErrorKind::TimedOut => "`up` doesn't answer any more".into(),
            io::ErrorKind::UnexpectedEof => "`up` has ended meanwhile".into(),
            _ => format!("`up` can't be asked: {error}"),
        }),
    }
    outcome
}

async fn of_unit(
    data: &Path,
    name: &str,
    stream: UnixStream,
    what: What,
) -> Result<Outcome, Failure> {
    let mut outcome = Outcome { heard: true, ..Outcome::default() };
    let request = match what {
        What::Files => Request::Reload {},
        What::Settings => Request::Settings {},
    };
    match ask(stream, &request, PATIENCE).await {
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

    /// Whether a key isn't in force before a restart.
    pub(super) fn needs_restart(&self, key: &str) -> bool {
        self.pending.iter().any(|own| own.key == key)
    }

    /// The numbers of the version before, if there was one, and of the one that is in force now, if that
    /// is known.
    pub(super) fn change(&self) -> (Json, Option<Json>) {
        (json!(self.before), self.number.map(Json::from))
    }

    /// Prints it, or fails with it.
    pub(super) fn show(self, json: bool) -> Result<ExitCode, Failure> {
        if !self.invalid.is_empty() {
            return Err(self.refused(json));
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

    /// What to say of a config that is wrong.
    pub(super) fn refused(&self, json: bool) -> Failure {
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
        Failure { code: 2, text, answer: json }
    }

    /// For people.
    fn lines(&self) -> Vec<String> {
        let number = self.number.map(|number| format!(", version {number}")).unwrap_or_default();
        let mut lines = vec![format!("in force: config {}{number}", self.version)];
        lines.extend(self.pending.iter().map(pending));
        lines
    }

    pub(super) fn as_json(&self) -> Json {
        if !self.invalid.is_empty() {
            let problem =
                |own: &Mistake| json!({ "at": own.at, "reason": own.reason, "fix": own.fix });
            let problems: Vec<_> = self.invalid.iter().map(problem).collect();
            return json!({ "ok": false, "problems": problems });
        }
        let mut all = json!({
            "ok": self.failed.is_empty(), "configVersion": self.version, "restart": self.pending,
        });
        if let Some(number) = self.number {
            all["version"] = json!(number);
        }
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
    // What `up` itself goes by, or a listener that is there from the start.
    match key.starts_with("topologies.") || key.starts_with("admin.") {
        true => format!("needs a restart: {key} (stop the app, and start it again)"),
        false => format!("needs a restart: {key} ({})", restarts.join(", ")),
    }
}
