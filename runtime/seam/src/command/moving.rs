//! `move`: a service lives in another unit from now on, while its callers go on.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use serde_json::json;
use tokio::time::{Instant, sleep};

use super::{
    Failure,
    control::{UnitStatus, connect, socket_of},
    print,
    reload::{self, Outcome},
    status,
};
use crate::config::{Config, DEFAULT_FILE, Problems, Source, moved, nearest};

/// How long it may take until the service runs at its new place.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often it is looked.
const PERIOD: Duration = Duration::from_millis(50);

/// What is to be moved, and where to.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) service: String,
    pub(super) unit: String,
    pub(super) json: bool,
}

/// What is to be written.
struct Plan {
    from: String,
    /// Nothing if it is there already.
    text: Option<String>,
}

/// Rewrites the config file, has the running app take it, and waits until the service runs at its new
/// place. If it is refused, the file is as it was.
pub(super) async fn moving(
    file: Option<&Path>,
    parse: impl Fn(&Source) -> Result<Config, Problems>,
    asked: Asked,
) -> Result<ExitCode, Failure> {
    let source = Source::read(file).map_err(unchanged)?;
    let config = parse(&source).map_err(unchanged)?;
    let began = Instant::now();
    let topology = running(&config).await?;
    let plan = plan(&source, &config, &topology, &asked)?;
    let version = match plan.text {
        None => config.version().to_owned(),
        Some(text) => {
            let next = Source { text, ..source.clone() };
            let next_config = parse(&next).map_err(unchanged)?;
            if place(&next_config, &topology, &asked.service).as_deref() != Some(&*asked.unit) {
                return Err(Failure::usage(format!(
                    "a variable says what [units.{}] or [units.{}] hosts, over the file\n  \
                     fix: unset SEAM__UNITS__…__SERVICES",
                    plan.from, asked.unit
                )));
            }
            let path = path(file)?;
            write(&path, &next.text).map_err(|error| unwritten(&path, &error))?;
            let outcome = reload::of_all(&config.app.data).await?;
            if !outcome.invalid.is_empty() {
                write(&path, &source.text).map_err(|error| unwritten(&path, &error))?;
                return outcome.show(asked.json);
            }
            failed(outcome)?;
            next_config.version().to_owned()
        }
    };
    settled(&config, &asked, began + PATIENCE).await?;
    let Asked { service, unit, json } = asked;
    let from = plan.from;
    if json {
        let all = json!({
            "ok": true, "service": service, "from": from, "unit": unit, "configVersion": version,
        });
        return print(format!("{all:#}"));
    }
    print(match from == unit {
        true => format!("{service}: in unit {unit} already"),
        false => {
            let took = began.elapsed().as_secs_f64();
            format!("{service}: moved from unit {from} to {unit} in {took:.1} s")
        }
    })
}

fn unchanged(problems: Problems) -> Failure {
    Failure::usage(format!("{problems}\n\nnothing has changed"))
}

fn failed(outcome: Outcome) -> Result<(), Failure> {
    match outcome.failed.is_empty() {
        true => Ok(()),
        false => Err(Failure::other(outcome.failed.join("\n"))),
    }
}

/// The topology that runs: that of an `up`, or of units that were started by `run`.
async fn running(config: &Config) -> Result<String, Failure> {
    for topology in &config.topologies {
        if let Ok(Some(_)) = connect(&config.app.data, &socket_of(&topology.name)).await {
            return Ok(topology.name.clone());
        }
    }
    let units = status::running(config).await?;
    let first = units.first().map(|unit| unit.topology.clone());
    first.ok_or_else(|| Failure::other(status::nothing_runs(config)))
}

fn plan(source: &Source, config: &Config, topology: &str, asked: &Asked) -> Result<Plan, Failure> {
    let Asked { service, unit, .. } = asked;
    if config.service(service).is_none() {
        let fix = nearest(service, config.services.iter().map(|own| own.name.as_str()));
        return Err(Failure::usage(format!("there is no service `{service}`\n  fix: {fix}")));
    }
    let units = || config.units.iter().map(|own| own.name.as_str());
    if units().all(|known| known != unit) {
        let fix = nearest(unit, units());
        return Err(Failure::usage(format!("there is no unit `{unit}`\n  fix: {fix}")));
    }
    let layouts = config.layouts(Some(topology))?;
    if layouts.iter().all(|own| own.unit != *unit) {
        let units: Vec<_> = layouts.iter().map(|own| format!("`{}`", own.unit)).collect();
        return Err(Failure::usage(format!(
            "unit `{unit}` isn't in topology `{topology}`, which runs\n  fix: use one of {}",
            units.join(", ")
        )));
    }
    // The config has passed its check: somebody hosts it.
    let from = place(config, topology, service).unwrap_or_default();
    let text = match from == *unit {
        true => None,
        false => Some(moved(&source.text, service, &from, unit).map_err(Failure::usage)?),
    };
    Ok(Plan { from, text })
}

/// The unit that hosts a service in a topology.
fn place(config: &Config, topology: &str, service: &str) -> Option<String> {
    let layouts = config.layouts(Some(topology)).ok()?;
    let hosts = layouts.into_iter().find(|own| own.services.iter().any(|name| name == service));
    hosts.map(|own| own.unit)
}

/// The file itself, where a link leads to it.
fn path(file: Option<&Path>) -> Result<PathBuf, Failure> {
    let path = file.unwrap_or(Path::new(DEFAULT_FILE));
    fs::canonicalize(path).map_err(|error| unwritten(path, &error))
}

fn unwritten(path: &Path, error: &io::Error) -> Failure {
    let path = path.display();
    Failure::usage(format!("{path} can't be written: {error}\n  fix: it must be there, and yours"))
}

/// Puts another text in the place of the file, at once and with the rights that it has.
fn write(path: &Path, text: &str) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let new = folder.join(format!(".{name}.{}", std::process::id()));
    let written = (|| {
        let mut file = fs::File::create(&new)?;
        file.set_permissions(fs::metadata(path)?.permissions())?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&new, path)
    })();
    if written.is_err() {
        let _ = fs::remove_file(&new);
    }
    written
}

/// Until the service runs in its unit, and nowhere else.
async fn settled(config: &Config, asked: &Asked, until: Instant) -> Result<(), Failure> {
    let Asked { service, unit, .. } = asked;
    loop {
        let units = status::running(config).await?;
        let state = |own: &UnitStatus| {
            let found = own.services.iter().find(|known| known.service == *service)?;
            Some((own.unit == *unit, found.state.clone()))
        };
        let states: Vec<_> = units.iter().filter_map(state).collect();
        let runs = states.iter().any(|(there, state)| *there && state == "running");
        if runs && states.iter().all(|(there, _)| *there) {
            return Ok(());
        }
        if Instant::now() >= until {
            return Err(Failure::other(format!(
                "`{service}` doesn't run in unit `{unit}` after {PATIENCE:?}: see `status`"
            )));
        }
        sleep(PERIOD).await;
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_file_keeps_its_rights() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("app.toml");
        fs::write(&path, "a = 1\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        write(&path, "a = 2\n").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "a = 2\n");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
    }
}
