//! `drain` and `restart`: a unit's processes end, or are replaced, while `up` and the rest go on.

use std::io::{self, Write as _};
use std::process::ExitCode;
use std::time::Duration;

use serde_json::{Value as Json, json};

use super::{
    Failure,
    args::Target,
    control::{News, Order, connect, give, socket_of},
    print, status,
};
use crate::config::{Config, nearest};

/// What was asked for, of a unit that there is.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    order: Order,
    unit: String,
    /// Whether the unit has several instances.
    several: bool,
}

impl Asked {
    /// To end the target, and to keep it away.
    ///
    /// # Errors
    /// There is no such unit, or no such instance.
    pub(super) fn drain(config: &Config, target: &Target) -> Result<Self, Failure> {
        let order = Order::Drain { unit: target.unit.clone(), instance: target.instance };
        Self::of(config, target, order)
    }

    /// To replace it, with `rolling` one instance after the other.
    ///
    /// # Errors
    /// As [`Asked::drain`].
    pub(super) fn restart(
        config: &Config,
        target: &Target,
        rolling: bool,
    ) -> Result<Self, Failure> {
        let (unit, instance) = (target.unit.clone(), target.instance);
        Self::of(config, target, Order::Restart { unit, instance, rolling })
    }

    fn of(config: &Config, target: &Target, order: Order) -> Result<Self, Failure> {
        let Target { unit, instance } = target;
        let Some(known) = config.units.iter().find(|known| known.name == *unit) else {
            let fix = nearest(unit, config.units.iter().map(|unit| unit.name.as_str()));
            return Err(Failure::usage(format!("there is no unit `{unit}`\n  fix: {fix}")));
        };
        let instances = known.instances;
        match instance {
            Some(instance) if *instance >= instances => Err(Failure::usage(format!(
                "there is no instance {instance} of unit `{unit}`\n  fix: {}",
                match instances {
                    1 => format!("it has one: `{unit}`, or `{unit}.0`"),
                    _ => format!("it has {unit}.0 to {unit}.{}", instances - 1),
                }
            ))),
            _ => Ok(Self { order, unit: unit.clone(), several: instances > 1 }),
        }
    }

    fn name(&self, instance: u16) -> String {
        match self.several {
            true => format!("{}.{instance}", self.unit),
            false => self.unit.clone(),
        }
    }
}

/// Has `up` do it, and says how it comes along: in lines as it does, or with `json` at its end.
pub(super) async fn replace(
    config: &Config,
    asked: Asked,
    json: bool,
) -> Result<ExitCode, Failure> {
    let hear = |news: &News| {
        if !json && let Some(line) = line(&asked, news) {
            // Who doesn't read on wants it done all the same.
            let _ = writeln!(io::stdout(), "{line}");
        }
    };
    match ordered(config, &asked, hear).await? {
        (outcome, Some(reason)) => Err(failure(reason, &outcome, json)),
        (outcome, None) if json => print(outcome.as_json(None).to_string()),
        _ => Ok(ExitCode::SUCCESS),
    }
}

/// Has `up` do it; what came of it, and why not, if it failed. `hear` is told of everything at once.
pub(super) async fn ordered(
    config: &Config,
    asked: &Asked,
    hear: impl Fn(&News),
) -> Result<(Outcome, Option<String>), Failure> {
    let mut outcome = Outcome::default();
    let hosts = config.topologies.iter().filter(|topology| topology.units.contains(&asked.unit));
    let mut heard = false;
    for topology in hosts {
        let socket = socket_of(&topology.name);
        let stream = match connect(&config.app.data, &socket).await {
            Ok(Some(stream)) => stream,
            Ok(None) => continue,
            Err(error) => return Err(status::closed(&socket, &error)),
        };
        heard = true;
        let hear = |news| {
            hear(&news);
            outcome.add(news);
        };
        if let Err(error) = give(stream, &asked.order, hear).await {
            outcome.broken = Some(match error.kind() {
                io::ErrorKind::TimedOut => "`up` doesn't answer any more".into(),
                io::ErrorKind::UnexpectedEof => "`up` has ended meanwhile".into(),
                _ => format!("`up` can't be asked: {error}"),
            });
        }
        break;
    }
    if !heard {
        return Ok((outcome, Some(nobody(config, asked))));
    }
    let reason = match outcome.failure() {
        None => None,
        Some((None, reason)) => Some(reason.to_owned()),
        Some((Some(instance), reason)) => {
            let why = waits_for(config, &asked.unit, instance).await;
            Some(format!("{}: {reason}{why}", asked.name(instance)))
        }
    };
    Ok((outcome, reason))
}

/// What an instance waits for, if it says so.
async fn waits_for(config: &Config, unit: &str, instance: u16) -> String {
    let process = crate::config::process(unit, instance);
    let status = status::of_process(&config.app.data, &process).await;
    let reason = status.ok().flatten().and_then(|status| status.reason);
    reason.map(|reason| format!(": {reason}")).unwrap_or_default()
}

fn failure(reason: String, outcome: &Outcome, json: bool) -> Failure {
    match json {
        true => Failure::answer(format!("{:#}", outcome.as_json(Some(&reason)))),
        false => Failure::other(reason),
    }
}

fn nobody(config: &Config, asked: &Asked) -> String {
    let (app, unit, data) = (&config.app.name, &asked.unit, config.app.data.display());
    format!(
        "no `up` runs unit `{unit}` with this config and the data folder {data}\n  \
         fix: start it with `{app} up`, or name its data folder: SEAM__APP__DATA=…; \
         a unit that was started by `{app} run` ends by SIGTERM"
    )
}

/// What to say of news to people.
fn line(asked: &Asked, news: &News) -> Option<String> {
    let name = |instance: &u16| asked.name(*instance);
    Some(match news {
        News::Draining { instance, .. } => format!("{}: draining …", name(instance)),
        News::Ended { instance, took_ms, killed: false, .. } => {
            format!("{}: ended in {}", name(instance), seconds(*took_ms))
        }
        News::Ended { instance, took_ms, killed: true, .. } => {
            let took = seconds(*took_ms);
            let cut = "what was in flight is left undone";
            format!("{}: killed, it hadn't ended in {took}: {cut}", name(instance))
        }
        News::Away { instance, .. } => format!("{}: drained already", name(instance)),
        News::Ready { instance, took_ms, .. } => {
            format!("{}: ready in {}", name(instance), seconds(*took_ms))
        }
        News::Failed { instance, reason, state, .. } => {
            format!("{}: {reason}; it is now: {state}", name(instance))
        }
        News::Untouched { instance, .. } => format!("{}: left as it is", name(instance)),
        _ => return None,
    })
}

fn seconds(ms: u64) -> String {
    format!("{:.1} s", Duration::from_millis(ms).as_secs_f64())
}

/// What came of an order.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    instances: Vec<Instance>,
    refused: Option<String>,
    /// Why the rest wasn't heard.
    broken: Option<String>,
}

/// What came of it for an instance.
#[derive(Debug)]
struct Instance {
    number: u16,
    state: &'static str,
    killed: bool,
    took_ms: u64,
    reason: Option<String>,
}

impl Outcome {
    fn add(&mut self, news: News) {
        match news {
            News::Draining { instance, .. } => self.of(instance).state = "draining",
            News::Ended { instance, took_ms, killed, .. } => {
                let own = self.of(instance);
                (own.state, own.killed) = ("drained", killed);
                own.took_ms += took_ms;
            }
            News::Away { instance, .. } => self.of(instance).state = "drained",
            News::Ready { instance, took_ms, .. } => {
                let own = self.of(instance);
                own.state = "ready";
                own.took_ms += took_ms;
            }
            News::Failed { instance, reason, state, .. } => {
                let own = self.of(instance);
                own.state = "failed";
                own.reason = Some(format!("{reason}; it is now: {state}"));
            }
            News::Untouched { instance, .. } => self.of(instance).state = "untouched",
            News::Refused { reason } => self.refused = Some(reason),
            _ => {}
        }
    }

    fn of(&mut self, number: u16) -> &mut Instance {
        let at = self.instances.iter().position(|own| own.number == number);
        let at = at.unwrap_or_else(|| {
            let (state, killed, took_ms, reason) = ("", false, 0, None);
            self.instances.push(Instance { number, state, killed, took_ms, reason });
            self.instances.len() - 1
        });
        &mut self.instances[at]
    }

    /// Why it isn't done, and which instance that is about.
    fn failure(&self) -> Option<(Option<u16>, &str)> {
        let of_instance =
            self.instances.iter().find_map(|own| Some((Some(own.number), own.reason.as_deref()?)));
        let whole = self.refused.as_deref().or(self.broken.as_deref());
        of_instance.or(whole.map(|reason| (None, reason)))
    }

    pub(super) fn as_json(&self, reason: Option<&str>) -> Json {
        let instances = self.instances.iter().map(|own| {
            let Instance { number, state, killed, took_ms, reason } = own;
            let mut own = json!({
                "instance": number, "state": state, "killed": killed, "tookMs": took_ms,
            });
            if let Some(reason) = reason {
                own["reason"] = json!(reason);
            }
            own
        });
        let mut all = json!({
            "ok": reason.is_none(), "instances": instances.collect::<Vec<_>>(),
        });
        if let Some(reason) = reason {
            all["reason"] = json!(reason);
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> Config {
        let text = "[app]\nname = \"shop\"\n[units.pay]\nservices = []\ninstances = 3\nlisten = \"unix:pay\"\n\
                    [units.front]\nservices = []\n[topologies]\nsplit = [\"front\", \"pay\"]\n";
        Config::parse("app.toml", text, [], &crate::config::Catalogue::default()).unwrap()
    }

    fn target(unit: &str, instance: Option<u16>) -> Target {
        Target { unit: unit.into(), instance }
    }

    #[test]
    fn a_unit_or_instance_that_is_not_there_is_wrong_usage() {
        let asked = |unit, instance| Asked::drain(&config(), &target(unit, instance));
        let failure = asked("pya", None).unwrap_err();
        let text = "there is no unit `pya`\n  fix: did you mean `pay`?";
        assert_eq!((failure.code, failure.text.as_str()), (2, text));
        let failure = asked("pay", Some(3)).unwrap_err();
        let text = "there is no instance 3 of unit `pay`\n  fix: it has pay.0 to pay.2";
        assert_eq!((failure.code, failure.text.as_str()), (2, text));
        let failure = asked("front", Some(1)).unwrap_err();
        assert!(failure.text.ends_with("fix: it has one: `front`, or `front.0`"));
        assert_eq!(asked("pay", Some(2)).unwrap().name(2), "pay.2");
        assert_eq!(asked("front", Some(0)).unwrap().name(0), "front");
    }

    #[test]
    fn lines_for_people_and_one_object_for_scripts() {
        let asked = Asked::restart(&config(), &target("pay", None), true).unwrap();
        let unit = || "pay".to_owned();
        let news = [
            News::Draining { unit: unit(), instance: 0 },
            News::Ended { unit: unit(), instance: 0, took_ms: 35_012, killed: true },
            News::Ready { unit: unit(), instance: 0, took_ms: 400 },
            News::Draining { unit: unit(), instance: 1 },
            News::Ended { unit: unit(), instance: 1, took_ms: 96, killed: false },
            News::Failed {
                unit: unit(),
                instance: 1,
                reason: "its new process isn't ready after 30s".into(),
                state: "starting".into(),
            },
            News::Untouched { unit: unit(), instance: 2 },
            News::Done {},
        ];
        let mut outcome = Outcome::default();
        let lines: Vec<_> = news.iter().filter_map(|news| line(&asked, news)).collect();
        news.into_iter().for_each(|news| outcome.add(news));
        let expected = [
            "pay.0: draining …",
            "pay.0: killed, it hadn't ended in 35.0 s: what was in flight is left undone",
            "pay.0: ready in 0.4 s",
            "pay.1: draining …",
            "pay.1: ended in 0.1 s",
            "pay.1: its new process isn't ready after 30s; it is now: starting",
            "pay.2: left as it is",
        ];
        assert_eq!(lines, expected);
        let why = "its new process isn't ready after 30s; it is now: starting";
        assert_eq!(outcome.failure(), Some((Some(1), why)));
        let expected = json!({
            "ok": false, "reason": "x", "instances": [
                { "instance": 0, "state": "ready", "killed": true, "tookMs": 35_412 },
                { "instance": 1, "state": "failed", "killed": false, "tookMs": 96, "reason": why },
                { "instance": 2, "state": "untouched", "killed": false, "tookMs": 0 },
            ],
        });
        assert_eq!(outcome.as_json(Some("x")), expected);
    }

    #[tokio::test]
    async fn without_up_it_says_what_to_do() {
        let data = tempfile::tempdir().unwrap();
        let mut config = config();
        config.app.data = data.path().to_owned();
        let asked = Asked::drain(&config, &target("pay", None)).unwrap();
        let failure = replace(&config, asked, false).await.unwrap_err();
        assert_eq!(failure.code, 1);
        assert!(failure.text.starts_with("no `up` runs unit `pay` with"), "{}", failure.text);
    }
}
