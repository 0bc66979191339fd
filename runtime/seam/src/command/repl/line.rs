//! What a line says.

use std::time::Duration;

use serde_json::value::RawValue;

use super::{
    super::args::{parse_duration, parse_method},
    vocabulary::Vocabulary,
};
use crate::config::nearest;

/// How long a bench lasts, if nothing else is said.
const LASTING: Duration = Duration::from_secs(5);
/// How long it may last.
const LONGEST: Duration = Duration::from_secs(600);
/// How many calls it has under way at a time, if nothing else is said.
const CONCURRENCY: usize = 8;
/// How many it may have: half the clients that a control socket takes, so that others get in.
pub(super) const MOST: usize = 16;
/// The options of a call, and of a bench.
pub(super) const OF_CALL: [&str; 1] = ["--deadline"];
pub(super) const OF_BENCH: [&str; 3] = ["--for", "--concurrency", "--deadline"];

/// What is to be done.
#[derive(Debug)]
pub(super) enum Line {
    Nothing,
    Call(Call),
    Bench {
        call: Call,
        lasting: Duration,
        concurrency: usize,
    },
    /// A trace; the last call's if none is named.
    Trace(Option<String>),
    Traces,
    Help(Option<String>),
    Quit,
}

/// A call.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) service: String,
    pub(super) method: String,
    pub(super) arguments: Box<RawValue>,
    pub(super) deadline: Option<Duration>,
}

impl Call {
    /// `payment.charge`.
    pub(super) fn name(&self) -> String {
        format!("{}.{}", self.service, self.method)
    }
}

/// Why a line can't be read, with what to write instead.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    pub(super) reason: String,
    /// The method that is meant, if one is named.
    pub(super) method: Option<String>,
}

impl Wrong {
    fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), method: None }
    }
}

impl Line {
    /// Reads a line.
    ///
    /// # Errors
    /// It says nothing that can be done.
    pub(super) fn read(line: &str, known: &Vocabulary) -> Result<Self, Wrong> {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            return Ok(Self::Nothing);
        }
        let (word, rest) = first(line);
        let lone = |line| match rest {
            "" => Ok(line),
            more => Err(Wrong::new(format!("`{word}` stands alone\n  fix: take out `{more}`"))),
        };
        let named = || (!rest.is_empty()).then(|| rest.to_owned());
        match word {
            "quit" | "exit" => lone(Self::Quit),
            "traces" => lone(Self::Traces),
            "help" | "?" => Ok(Self::Help(named())),
            "trace" => Ok(Self::Trace(named())),
            "bench" => bench(rest),
            // As it stands in a shell.
            "call" => call(rest),
            _ if word.contains('.') => call(line),
            word => Err(Wrong::new(format!(
                "there is no command `{word}`\n  fix: {}",
                known.instead_of(word)
            ))),
        }
    }
}

/// The first word, and what comes behind it.
pub(super) fn first(line: &str) -> (&str, &str) {
    let end = line.find(|c: char| c.is_whitespace() || c == '{' || c == '\'').unwrap_or(line.len());
    (&line[..end], line[end..].trim_start())
}

fn call(text: &str) -> Result<Line, Wrong> {
    let (mut call, options) = begun(text)?;
    for (option, value) in pairs(options, &OF_CALL, &call)? {
        call.deadline = Some(time(option, value)?);
    }
    Ok(Line::Call(call))
}

fn bench(text: &str) -> Result<Line, Wrong> {
    let (mut call, options) = begun(text)?;
    let (mut lasting, mut concurrency) = (LASTING, CONCURRENCY);
    for (option, value) in pairs(options, &OF_BENCH, &call)? {
        match option {
            "--concurrency" => {
                let number = value.parse().ok().filter(|number| (1..=MOST).contains(number));
                concurrency = number.ok_or_else(|| {
                    Wrong::new(format!("--concurrency {value}: write a number from 1 to {MOST}"))
                })?;
            }
            "--for" => {
                lasting = time(option, value)?;
                if lasting > LONGEST {
                    return Err(Wrong::new(format!("--for {value}: 10m is the most")));
                }
            }
            option => call.deadline = Some(time(option, value)?),
        }
    }
    Ok(Line::Bench { call, lasting, concurrency })
}

/// The call with which a text begins, and what comes behind it.
fn begun(text: &str) -> Result<(Call, &str), Wrong> {
    let (name, rest) = first(text);
    let (service, method) = parse_method(name).map_err(Wrong::new)?;
    let wrong = |reason: String| Wrong { reason, method: Some(name.to_owned()) };
    let (json, rest) = arguments(rest).map_err(wrong)?;
    let arguments = super::super::call::object(json).map_err(wrong)?;
    Ok((Call { service, method, arguments, deadline: None }, rest))
}

/// The object with which a text begins, `{}` if none stands there, and what comes behind it. In a shell's
/// quotes it is the same.
fn arguments(text: &str) -> Result<(&str, &str), String> {
    if text.is_empty() || text.starts_with("--") {
        return Ok(("{}", text));
    }
    let quoted = text.strip_prefix('\'');
    let json = quoted.unwrap_or(text);
    let length = length(json).map_err(|error| match error.is_eof() {
        true => "the arguments don't end\n  fix: write what is missing, up to the last `}`".into(),
        false => format!("this is not JSON: {error}"),
    })?;
    if !json.trim_start().starts_with('{') {
        return Err("arguments go by name, in a JSON object".into());
    }
    let (json, rest) = json.split_at(length);
    let rest = if quoted.is_some() { rest.strip_prefix('\'').unwrap_or(rest) } else { rest };
    Ok((json, rest.trim_start()))
}

/// How long the JSON value is with which a text begins.
pub(super) fn length(text: &str) -> Result<usize, serde_json::Error> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<&RawValue>();
    values.next().transpose()?;
    Ok(values.byte_offset())
}

/// Options with their values: `--for 5s`, `--for=5s`.
fn pairs<'t>(
    text: &'t str,
    known: &[&'static str],
    call: &Call,
) -> Result<Vec<(&'static str, &'t str)>, Wrong> {
    let mut words = text.split_whitespace();
    let mut all = Vec::new();
    while let Some(word) = words.next() {
        let (name, value) = match word.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (word, None),
        };
        let Some(name) = known.iter().copied().find(|known| *known == name) else {
            let fix = match name.starts_with('-') {
                true => nearest(name, known.iter().copied()),
                false => "the arguments are one JSON object, and options come behind it".into(),
            };
            let reason = format!("`{word}` isn't understood\n  fix: {fix}");
            return Err(Wrong { reason, method: Some(call.name()) });
        };
        let value = value.or_else(|| words.next());
        let value = value
            .ok_or_else(|| Wrong::new(format!("{name} wants a value: {name} {}", sample(name))))?;
        all.push((name, value));
    }
    Ok(all)
}

/// A value that an option takes.
fn sample(option: &str) -> &'static str {
    if option == "--concurrency" { "8" } else { "5s" }
}

fn time(option: &str, value: &str) -> Result<Duration, Wrong> {
    parse_duration(value).map_err(|fix| Wrong::new(format!("{option} {value}: {fix}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Line, Wrong> {
        Line::read(line, &Vocabulary::default())
    }

    fn reason(line: &str) -> String {
        read(line).unwrap_err().reason
    }

    #[test]
    fn a_call_is_a_method_an_object_and_options() {
        for (line, arguments, deadline) in [
            ("payment.charge {\"order\":1,\"amount\":900}", "{\"order\":1,\"amount\":900}", None),
            (" payment.charge{\"a\": \"}\"} --deadline 250ms ", "{\"a\": \"}\"}", Some(250)),
            ("payment.charge --deadline=2s", "{}", Some(2_000)),
            ("payment.charge", "{}", None),
            // As it was in a shell, and over several lines.
            ("call payment.charge '{\"order\": 7}' --deadline 1s", "{\"order\": 7}", Some(1_000)),
            ("payment.charge {\n\"order\": 7\n}\n", "{ \"order\": 7 }", None),
        ] {
            let Ok(Line::Call(call)) = read(line) else { panic!("{line}") };
            assert_eq!(call.name(), "payment.charge");
            assert_eq!(call.arguments.get(), arguments);
            assert_eq!(call.deadline, deadline.map(Duration::from_millis));
        }
    }

    #[test]
    fn a_bench_has_a_length_and_a_number() {
        let Ok(Line::Bench { call, lasting, concurrency }) =
            read("bench a.b {\"x\":1} --for 250ms --concurrency 3")
        else {
            panic!()
        };
        assert_eq!((call.name().as_str(), call.arguments.get()), ("a.b", "{\"x\":1}"));
        assert_eq!((lasting, concurrency), (Duration::from_millis(250), 3));
        let Ok(Line::Bench { lasting, concurrency, .. }) = read("bench a.b") else { panic!() };
        assert_eq!((lasting, concurrency), (LASTING, CONCURRENCY));
        assert!(reason("bench a.b --concurrency 17").contains("from 1 to 16"));
        assert!(reason("bench a.b --for 11m").contains("10m is the most"));
        assert!(reason("bench a.b --for").contains("--for 5s"));
        assert!(reason("bench").contains("payment.receipt"));
    }

    #[test]
    fn other_lines_are_short() {
        for nothing in ["", "  ", "# a comment", "\n"] {
            assert!(matches!(read(nothing), Ok(Line::Nothing)), "{nothing:?}");
        }
        assert!(matches!(read("quit"), Ok(Line::Quit)));
        assert!(matches!(read("exit"), Ok(Line::Quit)));
        assert!(matches!(read("traces"), Ok(Line::Traces)));
        assert!(matches!(read("trace"), Ok(Line::Trace(None))));
        assert!(matches!(read("trace 4bf9"), Ok(Line::Trace(Some(id))) if id == "4bf9"));
        assert!(matches!(read("help a.b"), Ok(Line::Help(Some(of))) if of == "a.b"));
    }

    #[test]
    fn what_is_wrong_is_said_with_its_fix() {
        assert!(reason("qiut").contains("did you mean `quit`?"));
        assert!(reason("quit now").contains("take out `now`"));
        assert!(reason("a.b {\"x\": 1").contains("up to the last `}`"));
        assert!(reason("a.b {x: 1}").contains("this is not JSON"));
        assert!(reason("a.b [1]").contains("by name, in a JSON object"));
        assert!(reason("a.b {} --dedline 5s").contains("did you mean `--deadline`?"));
        assert!(reason("a.b {} {}").contains("one JSON object"));
        assert!(reason("a.b --deadline soon").contains("250ms, 5s, 2m"));
        assert_eq!(read("a.b {").unwrap_err().method.as_deref(), Some("a.b"));
    }
}
