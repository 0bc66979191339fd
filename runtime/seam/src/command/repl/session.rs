//! Does what lines say.

use std::{
    future,
    io::{self, Write as _},
    path::Path,
    time::{Duration, Instant},
};

use seam_admin::Deed;
use seam_core::outcome::{Certainty, Code};
use serde_json::{Value as Json, json};
use tokio::time::sleep;

use super::{
    super::{
        Failure,
        admin::{Called, audited_as, audited_call},
        block_on,
        call::{self, Asked, ByHand, in_words, indented},
        seen::{self, spans_of},
        status::latency,
        terminal::Interrupts,
        usage,
    },
    Contracts,
    bench::{How, bench},
    help,
    line::{Call, Line, Wrong},
    vocabulary::Vocabulary,
};
use crate::{config::Config, unit::TracesAsk};

/// How long the last call's trace is waited for: units keep calls some time after they ended.
const TRACE: Duration = Duration::from_secs(2);
/// How often it is looked for.
const PERIOD: Duration = Duration::from_millis(50);
/// So many traces are listed.
const TRACES: usize = 20;

/// What came of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Done {
    /// It was done, whatever the answer is.
    Well,
    /// It wasn't.
    Badly,
    /// It was the last one, or nobody reads answers any more.
    Last,
}

impl Done {
    pub(super) fn goes_on(self) -> bool {
        self != Self::Last
    }

    pub(super) fn failed(self) -> bool {
        self == Self::Badly
    }
}

/// A prompt's session.
pub(super) struct Session<'a> {
    running: &'a dyn Fn() -> Result<Config, Failure>,
    contracts: &'a Contracts,
    vocabulary: &'a Vocabulary,
    /// Whether each answer is a line of JSON.
    json: bool,
    interrupts: Option<Interrupts>,
    /// The last call's trace.
    last: Option<String>,
}

/// What a line is answered with: for people, and for scripts.
struct Answer {
    text: String,
    json: String,
    well: bool,
}

impl Answer {
    fn new(text: String, json: &Json) -> Self {
        Self { text, json: json.to_string(), well: true }
    }
}

impl<'a> Session<'a> {
    pub(super) fn new(
        running: &'a dyn Fn() -> Result<Config, Failure>,
        contracts: &'a Contracts,
        vocabulary: &'a Vocabulary,
        json: bool,
        interrupts: Option<Interrupts>,
    ) -> Self {
        Self { running, contracts, vocabulary, json, interrupts, last: None }
    }

    /// Does what a line says, and prints what came of it.
    ///
    /// # Errors
    /// Standard output can't be written.
    pub(super) fn line(&mut self, line: &str) -> Result<Done, Failure> {
        let line = match Line::read(line, self.vocabulary) {
            Ok(line) => line,
            Err(wrong) => return self.failed(&self.taught(wrong)),
        };
        if let Some(interrupts) = &mut self.interrupts {
            interrupts.forget();
        }
        let done = match line {
            Line::Nothing => return Ok(Done::Well),
            Line::Quit => return Ok(Done::Last),
            Line::Help(None) => Ok(said(help::all(self.vocabulary))),
            Line::Help(Some(of)) => {
                help::of(self.vocabulary, &of).map(said).map_err(Failure::usage)
            }
            Line::Call(call) => self.call(call),
            Line::Bench { call, lasting, concurrency } => {
                self.bench(call, How { lasting, concurrency })
            }
            Line::Trace(id) => self.trace(id),
            Line::Traces => self.traces(),
        };
        match done {
            Ok(answer) => {
                let text = if self.json { answer.json } else { answer.text };
                let read = self.say(&text)?;
                Ok(match (read, answer.well) {
                    (false, _) => Done::Last,
                    (true, true) => Done::Well,
                    (true, false) => Done::Badly,
                })
            }
            Err(failure) => self.failed(&failure.text),
        }
    }

    /// Prints; whether anybody reads it.
    ///
    /// # Errors
    /// Standard output can't be written.
    pub(super) fn say(&self, text: &str) -> Result<bool, Failure> {
        match writeln!(io::stdout(), "{}", text.trim_end()) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
            Err(error) => Err(Failure::other(error)),
        }
    }

    fn failed(&self, text: &str) -> Result<Done, Failure> {
        let said = match self.json {
            true => self.say(&json!({ "error": text }).to_string())?,
            false => self.say(text)?,
        };
        Ok(if said { Done::Badly } else { Done::Last })
    }

    /// What is wrong, with what the method takes that was meant.
    fn taught(&self, wrong: Wrong) -> String {
        let Wrong { reason, method } = wrong;
        let known = method.and_then(|name| Some((self.vocabulary.method(&name)?, name)));
        match known {
            Some((method, name)) => {
                format!("{reason}\n  arguments of {name}: {}", usage::arguments(method))
            }
            None => reason,
        }
    }

    fn call(&mut self, call: Call) -> Result<Answer, Failure> {
        let config = (self.running)()?;
        let (contracts, interrupts) = (self.contracts, &mut self.interrupts);
        let name = call.name();
        let (trace_id, took, called) = block_on(async {
            let known = call::known(&config, contracts, &call.service, &call.method).await?;
            let Call { service, method, arguments, deadline } = call;
            let asked = Asked { service, method, arguments, deadline, traceparent: None };
            let told = call::told(&asked.arguments, self.vocabulary.secrets());
            let deed = Deed::new("call", name.as_str()).to(told);
            let began = Instant::now();
            let mut about = None;
            let doing = async {
                tokio::select! {
                    done = call::by_hand(&config, known, asked) => {
                        let ByHand { called, trace_id, took } = done?;
                        about = Some((trace_id, took));
                        Ok(called)
                    }
                    () = interrupted(interrupts) => Ok(Err(cancelled(&config))),
                }
            };
            let called = audited_call(&config.app.data, deed, doing).await?;
            let (trace_id, took) = about.unwrap_or_else(|| (String::new(), began.elapsed()));
            Ok::<_, Failure>((trace_id, took, called))
        })??;
        if !trace_id.is_empty() {
            self.last = Some(trace_id.clone());
        }
        let mut done = ByHand { called, trace_id, took };
        // Somebody sits there; what a script is answered is as `call` prints it.
        if self.interrupts.is_some() {
            done = done.shown(self.vocabulary.secrets()).map_err(Failure::other)?;
        }
        Ok(self.told(&name, done))
    }

    /// What came of a call.
    fn told(&self, name: &str, done: ByHand) -> Answer {
        let called = Called::new(&done).of(name);
        let outcome = called.outcome().to_owned();
        let json = serde_json::to_string(&called).unwrap_or_default();
        let mut text = match &done.called {
            Ok(answer) => indented(answer.get()),
            Err(problem) if problem["code"] == Code::BadRequest.as_str() => {
                self.taught(Wrong { reason: in_words(problem), method: Some(name.to_owned()) })
            }
            Err(problem) => in_words(problem),
        };
        text.push_str(&format!(
            "\n{} in {}",
            outcome.replace('_', " "),
            latency(done.took.as_secs_f64() * 1e6)
        ));
        if !done.trace_id.is_empty() {
            text.push_str(&format!(", trace {}", done.trace_id));
        }
        let well = done
            .called
            .as_ref()
            .err()
            .is_none_or(|problem| problem["outcome"] == Certainty::Service.as_str());
        Answer { text, json, well }
    }

    fn bench(&mut self, call: Call, how: How) -> Result<Answer, Failure> {
        let config = (self.running)()?;
        let (contracts, interrupts) = (self.contracts, &mut self.interrupts);
        let figures = block_on(async {
            let known = call::known(&config, contracts, &call.service, &call.method).await?;
            let new = json!({
                "for": format!("{:?}", how.lasting), "concurrency": how.concurrency,
            });
            let deed = Deed::new("bench", call.name()).to(new);
            let doing = bench(&config, known, call, how, interrupted(interrupts));
            audited_as(&config.app.data, deed, doing, |figures| figures.line()).await
        })??;
        let (text, json) = (figures.text(), figures.to_json().to_string());
        Ok(Answer { text, json, well: figures.was_made() })
    }

    fn trace(&mut self, id: Option<String>) -> Result<Answer, Failure> {
        let none = || {
            Failure::usage("no call was made here yet\n  fix: `traces` lists those that are kept")
        };
        let id = id.or_else(|| self.last.clone()).ok_or_else(none)?;
        let (config, is_last) = ((self.running)()?, self.last.as_ref() == Some(&id));
        let json = self.json;
        let interrupts = &mut self.interrupts;
        let shown = block_on(async {
            if is_last {
                tokio::select! {
                    () = kept(&config.app.data, &id) => {}
                    () = interrupted(interrupts) => {}
                }
            }
            seen::show_trace(&config, &id, json).await
        })??;
        Ok(listed(shown, json))
    }

    fn traces(&self) -> Result<Answer, Failure> {
        let (config, json) = ((self.running)()?, self.json);
        let asked = TracesAsk { limit: TRACES, ..TracesAsk::default() };
        Ok(listed(block_on(seen::show_traces(&config, None, asked, json))??, json))
    }
}

/// A text that is one for scripts, too.
fn said(text: String) -> Answer {
    let json = json!({ "help": text });
    Answer::new(text, &json)
}

/// What another command prints: text, or JSON over several lines.
fn listed(shown: String, json: bool) -> Answer {
    match json {
        true => Answer::new(String::new(), &serde_json::from_str(&shown).unwrap_or_default()),
        false => Answer::new(shown, &Json::Null),
    }
}

/// Done on Ctrl-C.
async fn interrupted(interrupts: &mut Option<Interrupts>) {
    match interrupts {
        Some(interrupts) => interrupts.next().await,
        None => future::pending().await,
    }
}

/// Until a trace has something, but not for ever.
async fn kept(data: &Path, id: &str) {
    let began = Instant::now();
    while spans_of(data, &seen::names(data), id).await.is_none() && began.elapsed() < TRACE {
        sleep(PERIOD).await;
    }
}

/// The problem of a call that somebody didn't wait for.
fn cancelled(config: &Config) -> Json {
    let code = Code::CallerGone;
    json!({
        "type": format!("{}{code}", config.edge.errors),
        "title": "Service Unavailable",
        "status": code.status(),
        "code": code.as_str(),
        "outcome": Certainty::Unknown.as_str(),
        "detail": "you didn't wait for its answer. It may have run, or run on: look before you repeat it",
    })
}
