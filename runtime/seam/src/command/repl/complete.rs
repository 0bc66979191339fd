//! How a line may go on.

use super::{
    line::{OF_BENCH, OF_CALL, first, length},
    place::{Place, Wanted},
    schema,
    vocabulary::{COMMANDS, Vocabulary},
};

/// One way.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Candidate {
    /// As it is shown in a list.
    pub(super) shown: String,
    /// What is written from the place on where the candidates begin.
    pub(super) text: String,
}

impl Candidate {
    fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        Self { shown: text.trim_end().to_owned(), text }
    }
}

/// From where on, in bytes, and by what a line may go on that is written so far.
pub(super) fn complete(known: &Vocabulary, line: &str) -> (usize, Vec<Candidate>) {
    let begin = line.len() - line.trim_start().len();
    let (word, rest) = first(&line[begin..]);
    if begin + word.len() == line.len() {
        let commands = COMMANDS.into_iter().filter(|command| command.starts_with(word));
        let commands = commands.map(|command| match command {
            "bench" => Candidate::new("bench "),
            command => Candidate::new(command),
        });
        return (begin, commands.chain(names(known, word, " ")).collect());
    }
    let behind = line.len() - rest.len();
    match word {
        "bench" => call(known, line, behind, &OF_BENCH),
        "call" => call(known, line, behind, &OF_CALL),
        "help" | "?" if rest.contains('.') => (behind, names(known, rest, "")),
        "help" | "?" => {
            let services = known.services().filter(|own| own.starts_with(rest));
            (behind, services.map(Candidate::new).collect())
        }
        word if word.contains('.') => call(known, line, begin, &OF_CALL),
        _ => (line.len(), Vec::new()),
    }
}

/// What is said behind the line, in words: what the method takes, or what belongs where the cursor is.
pub(super) fn hint(known: &Vocabulary, line: &str) -> Option<String> {
    let words = line.trim_start();
    let words = words.strip_prefix("bench ").unwrap_or(words).trim_start();
    let (name, rest) = first(words);
    if let Some(method) = known.method(name) {
        let root = &method.schema.arguments;
        if rest.is_empty() {
            let space = if words.len() == name.len() { " " } else { "" };
            return match super::super::usage::arguments(method) {
                none if none == "none" => None,
                arguments => Some(format!("{space}{arguments}")),
            };
        }
        let place = Place::at_end_of(rest.strip_prefix('\'').unwrap_or(rest))?;
        return match place.wanted {
            Wanted::Value if place.begun.is_empty() => schema::in_words(root, &place.path),
            _ => None,
        };
    }
    // The rest of the only word that it can be.
    let (from, candidates) = complete(known, line);
    match &candidates[..] {
        [only] if from < line.len() => only.text.strip_prefix(&line[from..]).map(str::to_owned),
        _ => None,
    }
}

/// Services that begin so; behind a dot, the methods of one.
fn names(known: &Vocabulary, word: &str, end: &str) -> Vec<Candidate> {
    let Some((service, _)) = word.rsplit_once('.') else {
        let services = known.services().filter(|own| own.starts_with(word));
        return services.map(|own| Candidate::new(format!("{own}."))).collect();
    };
    let methods = known.contract(service).into_iter().flat_map(|contract| &contract.methods);
    let names = methods.map(|own| format!("{service}.{}", own.name));
    names.filter(|name| name.starts_with(word)).map(|name| Candidate::new(name + end)).collect()
}

/// A call that begins at `begin` of the line.
fn call(
    known: &Vocabulary,
    line: &str,
    begin: usize,
    options: &[&'static str],
) -> (usize, Vec<Candidate>) {
    let (name, rest) = first(&line[begin..]);
    if begin + name.len() == line.len() {
        return (begin, names(known, name, " "));
    }
    let quoted = rest.starts_with('\'');
    let json = rest.strip_prefix('\'').unwrap_or(rest);
    let behind = match length(json) {
        // What begins so is an option.
        _ if rest.starts_with("--") => Some(rest),
        Ok(length) if length > 0 => {
            Some(json[length..].strip_prefix('\'').unwrap_or(&json[length..]))
        }
        _ => None,
    };
    if let Some(behind) = behind {
        return option(line, behind, options);
    }
    let Some(method) = known.method(name) else { return (line.len(), Vec::new()) };
    let root = &method.schema.arguments;
    if json.is_empty() {
        let all = match &*schema::skeleton(root, root, 0) {
            "{}" | "null" => options.iter().map(|own| Candidate::new(format!("{own} "))).collect(),
            skeleton => {
                let end = if quoted { "'" } else { "" };
                vec![Candidate { shown: skeleton.into(), text: format!("{skeleton}{end}") }]
            }
        };
        return (line.len(), all);
    }
    let Some(place) = Place::at_end_of(json) else { return (line.len(), Vec::new()) };
    let mut all = match place.wanted {
        Wanted::Name { given } => {
            let members = schema::members(root, &place.path).into_iter();
            let members = members.filter(|own| !given.contains(&own.name));
            let candidate = |own: schema::Member| {
                let name = serde_json::Value::from(own.name);
                let optional = if own.required { "" } else { " (optional)" };
                let shown = format!("{name}{optional}: {}", own.shape);
                Candidate { shown, text: format!("{name}: ") }
            };
            members.map(candidate).collect()
        }
        Wanted::Value => {
            let values = schema::values(root, &place.path).into_iter();
            values.map(Candidate::new).collect::<Vec<_>>()
        }
    };
    all.retain(|own| own.text.starts_with(place.begun));
    (line.len() - place.begun.len(), all)
}

/// The options that are not there yet, behind the arguments.
fn option(line: &str, behind: &str, options: &[&'static str]) -> (usize, Vec<Candidate>) {
    let word = behind.rsplit(char::is_whitespace).next().unwrap_or_default();
    let before: Vec<&str> = behind[..behind.len() - word.len()].split_whitespace().collect();
    let wants_value = before.last().is_some_and(|last| options.contains(last));
    let begins = behind.is_empty() || wants_value;
    let fits = |own: &&&str| own.starts_with(word) && !before.contains(*own) && !begins;
    let all = options.iter().filter(fits).map(|own| Candidate::new(format!("{own} "))).collect();
    (line.len() - word.len(), all)
}

#[cfg(test)]
mod tests {
    use super::{super::vocabulary::tests::known, *};

    /// What a line may become; the line as it is where nothing fits.
    fn lines(line: &str) -> Vec<String> {
        let (from, candidates) = complete(&known(), line);
        candidates.iter().map(|own| format!("{}{}", &line[..from], own.text)).collect()
    }

    #[test]
    fn a_line_begins_with_a_command_or_a_service() {
        assert_eq!(lines(""), ["bench ", "help", "quit", "trace", "traces", "order.", "payment."]);
        assert_eq!(lines("p"), ["payment."]);
        assert_eq!(lines(" tr"), [" trace", " traces"]);
        assert_eq!(lines("x"), [""; 0]);
    }

    #[test]
    fn methods_stand_behind_their_service() {
        assert_eq!(lines("payment."), ["payment.charge ", "payment.list "]);
        assert_eq!(lines("payment.ch"), ["payment.charge "]);
        assert_eq!(lines("bench payment.l"), ["bench payment.list "]);
        assert_eq!(lines("bench "), ["bench order.", "bench payment."]);
        assert_eq!(lines("help pay"), ["help payment"]);
        assert_eq!(lines("help payment."), ["help payment.charge", "help payment.list"]);
        // Nobody said what it can do.
        assert_eq!(lines("order."), [""; 0]);
    }

    #[test]
    fn arguments_begin_with_a_skeleton() {
        let skeleton = r#"payment.charge {"order": 0, "way": {"kind": "card"}}"#;
        assert_eq!(lines("payment.charge "), [skeleton]);
        assert_eq!(
            lines("call payment.charge '"),
            [format!("call {}'", skeleton.replace(" {\"o", " '{\"o"))]
        );
        // One that takes none has options.
        assert_eq!(lines("payment.list "), ["payment.list --deadline "]);
    }

    #[test]
    fn names_and_values_are_those_of_the_schema() {
        let names = ["{\"order\": ", "{\"way\": ", "{\"note\": "];
        assert_eq!(lines("payment.charge {"), names.map(|own| format!("payment.charge {own}")));
        assert_eq!(lines("payment.charge {\"o"), ["payment.charge {\"order\": "]);
        assert_eq!(
            lines("bench payment.charge {\"order\": 7, \"n"),
            ["bench payment.charge {\"order\": 7, \"note\": "]
        );
        assert_eq!(
            lines("payment.charge {\"way\": {\"kind\": \"c"),
            [
                "payment.charge {\"way\": {\"kind\": \"card\"",
                "payment.charge {\"way\": {\"kind\": \"cash\"",
            ]
        );
        assert_eq!(
            lines("payment.charge {\"way\": "),
            ["payment.charge {\"way\": {\"kind\": \"card\"}"]
        );
        assert_eq!(lines("payment.charge {\"order\" 7"), [""; 0]);
        let shown = &complete(&known(), "payment.charge {\"order\": 1, ").1[1].shown;
        assert_eq!(shown, "\"note\" (optional): text or null");
    }

    #[test]
    fn options_stand_behind_the_arguments() {
        assert_eq!(lines("payment.charge {} "), ["payment.charge {} --deadline "]);
        assert_eq!(lines("bench payment.list --f"), ["bench payment.list --for "]);
        assert_eq!(
            lines("bench payment.list {} --for 5s --c"),
            ["bench payment.list {} --for 5s --concurrency "]
        );
        // A value, which nobody but the user knows.
        assert_eq!(lines("bench payment.list {} --for "), [""; 0]);
        assert_eq!(lines("payment.charge {}"), [""; 0]);
    }

    #[test]
    fn hints_say_what_is_wanted() {
        let hint = |line: &str| hint(&known(), line);
        let arguments = r#"{"order": integer, "way": {"kind": "card" or "cash"}, "note" (optional): text or null}"#;
        assert_eq!(hint("payment.charge"), Some(format!(" {arguments}")));
        assert_eq!(hint("bench payment.charge ").as_deref(), Some(arguments));
        assert_eq!(hint("payment.charge {\"order\": ").as_deref(), Some("integer"));
        assert_eq!(hint("payment.charge {\"order\": 7"), None);
        assert_eq!(hint("payment.list"), None);
        assert_eq!(hint("pay").as_deref(), Some("ment."));
        assert_eq!(hint("payment.c").as_deref(), Some("harge "));
        assert_eq!(hint(""), None);
    }
}
