//! Where one stands in a JSON text that doesn't end yet.

/// A step from a value into it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Into a member of an object.
    Member(String),
    /// Into an item of an array.
    Item(usize),
}

/// A place at which something is written.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Place<'t> {
    /// The way there; for a name, to the object that it is for.
    pub(super) path: Vec<Step>,
    pub(super) wanted: Wanted,
    /// What is written of it already, with the quote that it begins with.
    pub(super) begun: &'t str,
}

/// What belongs there.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// The name of a member, beside those that are given.
    Name {
        given: Vec<String>,
    },
    Value,
}

/// Something that has begun, and hasn't ended.
enum Open {
    Object { given: Vec<String> },
    Array { items: usize },
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    Name,
    Colon,
    Value,
    /// A comma, or an end.
    Comma,
}

impl<'t> Place<'t> {
    /// The place at the end of a text; `None` where no name and no value belongs, and where nothing is open.
    pub(super) fn at_end_of(text: &'t str) -> Option<Self> {
        let (mut open, mut next): (Vec<Open>, _) = (Vec::new(), Next::Value);
        let mut at = 0;
        while let Some(c) = text[at..].chars().next() {
            let rest = &text[at..];
            let mut length = c.len_utf8();
            match (c, next) {
                (c, _) if c.is_whitespace() => {}
                ('"', Next::Name | Next::Value) => {
                    let Some(end) = end_of_text(rest) else {
                        return Some(Self::new(open, next, rest));
                    };
                    length = end;
                    if next == Next::Name {
                        let name = serde_json::from_str(&rest[..end]).ok()?;
                        if let Some(Open::Object { given }) = open.last_mut() {
                            given.push(name);
                        }
                    }
                    next = if next == Next::Name { Next::Colon } else { Next::Comma };
                }
                ('{', Next::Value) => {
                    open.push(Open::Object { given: Vec::new() });
                    next = Next::Name;
                }
                ('[', Next::Value) => open.push(Open::Array { items: 0 }),
                (':', Next::Colon) => next = Next::Value,
                (',', Next::Comma) => match open.last_mut()? {
                    Open::Object { .. } => next = Next::Name,
                    Open::Array { items } => {
                        *items += 1;
                        next = Next::Value;
                    }
                },
                ('}' | ']', _) => {
                    open.pop()?;
                    next = Next::Comma;
                }
                // A number, or a word.
                (_, Next::Value) => {
                    let is_end = |c: char| c.is_whitespace() || ",:{}[]\"".contains(c);
                    let Some(end) = rest.find(is_end) else {
                        return Some(Self::new(open, next, rest));
                    };
                    length = end.max(1);
                    next = Next::Comma;
                }
                _ => return None,
            }
            at += length;
        }
        matches!(next, Next::Name | Next::Value).then(|| Self::new(open, next, ""))
    }

    fn new(mut open: Vec<Open>, next: Next, begun: &'t str) -> Self {
        let wanted = match (next, open.last_mut()) {
            (Next::Name, Some(Open::Object { given })) => {
                Wanted::Name { given: std::mem::take(given) }
            }
            _ => Wanted::Value,
        };
        if wanted != Wanted::Value {
            open.pop();
        }
        let step = |open| match open {
            Open::Object { mut given } => given.pop().map(Step::Member),
            Open::Array { items } => Some(Step::Item(items)),
        };
        Self { path: open.into_iter().filter_map(step).collect(), wanted, begun }
    }
}

/// How long the text is that begins here, with its quotes.
fn end_of_text(json: &str) -> Option<usize> {
    let mut escaped = false;
    let end = json.char_indices().skip(1).find(|(_, c)| {
        let ends = *c == '"' && !escaped;
        escaped = *c == '\\' && !escaped;
        ends
    });
    end.map(|(at, _)| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_values_have_their_places() {
        let member = |name: &str| Step::Member(name.into());
        let name =
            |given: &[&str]| Wanted::Name { given: given.iter().map(|&g| g.into()).collect() };
        for (text, path, wanted, begun) in [
            ("", vec![], Wanted::Value, ""),
            ("{", vec![], name(&[]), ""),
            ("{\"or", vec![], name(&[]), "\"or"),
            ("{\"order\": ", vec![member("order")], Wanted::Value, ""),
            ("{\"order\": 12", vec![member("order")], Wanted::Value, "12"),
            ("{\"order\": \"a, {\\\"", vec![member("order")], Wanted::Value, "\"a, {\\\""),
            ("{\"order\": 12, ", vec![], name(&["order"]), ""),
            ("{\"a\": {}, \"b\": [1, \"x\"], \"", vec![], name(&["a", "b"]), "\""),
            ("{\"a\": {\"b\": 1, ", vec![member("a")], name(&["b"]), ""),
            (
                "{\"a\": [{\"b\": tr",
                vec![member("a"), Step::Item(0), member("b")],
                Wanted::Value,
                "tr",
            ),
            ("{\"a\": [1, 2, {", vec![member("a"), Step::Item(2)], name(&[]), ""),
        ] {
            assert_eq!(Place::at_end_of(text), Some(Place { path, wanted, begun }), "{text}");
        }
    }

    #[test]
    fn where_nothing_belongs_is_no_place() {
        for text in [
            "{}",
            "{\"a\"",
            "{\"a\": 1 ",
            "{\"a\": 1}",
            "{]",
            "}",
            "{:",
            "{\"a\" 1",
            "{1",
            "{\"\\q\": ",
        ] {
            assert_eq!(Place::at_end_of(text), None, "{text}");
        }
    }
}
