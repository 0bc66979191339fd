//! How lines say of which unit they are.

use seam_telemetry::logs::Level;

use super::{super::logs::Origin, object::object};

/// Terminal colours that read well on dark and light.
const COLOURS: [u8; 6] = [36, 33, 32, 35, 34, 31];

/// How a unit's lines begin.
#[derive(Clone, Debug)]
pub(in crate::command) struct Prefix {
    origin: Origin,
    /// `pay   | `, perhaps in colour; none if lines are JSON objects: then the unit becomes their first
    /// field, and the instance the second, where a unit has several.
    text: Option<String>,
}

impl Prefix {
    /// Of lines that are JSON objects.
    pub(in crate::command) const fn json(origin: Origin) -> Self {
        Self { origin, text: None }
    }

    /// Of a unit among others: names are padded to `width`, and coloured if `colour` says so.
    pub(in crate::command) fn text(
        origin: Origin,
        index: usize,
        width: usize,
        colour: bool,
    ) -> Self {
        let name = format!("{:width$} |", origin.name());
        let text = match colour {
            true => format!("\x1b[{}m{name}\x1b[0m ", COLOURS[index % COLOURS.len()]),
            false => format!("{name} "),
        };
        Self { origin, text: Some(text) }
    }

    /// The whole line, its end included.
    pub(in crate::command) fn line(&self, text: &[u8]) -> Vec<u8> {
        let text = text.strip_suffix(b"\n").unwrap_or(text);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        let mut line = match &self.text {
            None => object(&self.origin, text).into_bytes(),
            Some(prefix) => [prefix.as_bytes(), text].concat(),
        };
        line.push(b'\n');
        line
    }

    /// What `up` says itself, as the whole line, and as it is kept.
    pub(in crate::command) fn say(&self, level: Level, text: &str) -> (Vec<u8>, String) {
        let kept = self.origin.entry(level, text).line();
        let shown = match self.text {
            None => kept.clone().into_bytes(),
            Some(_) => self.line(text.as_bytes()),
        };
        (shown, kept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(prefix: &Prefix, text: &str) -> String {
        String::from_utf8(prefix.line(text.as_bytes())).unwrap()
    }

    fn pay(instance: Option<u16>) -> Origin {
        Origin { unit: "pay".into(), instance }
    }

    #[test]
    fn names_are_aligned_and_coloured() {
        assert_eq!(line(&Prefix::text(pay(None), 0, 5, false), "hello\r\n"), "pay   | hello\n");
        assert_eq!(line(&Prefix::text(pay(None), 7, 3, true), "x"), "\x1b[33mpay |\x1b[0m x\n");
        assert_eq!(line(&Prefix::text(pay(Some(1)), 0, 2, false), "x"), "pay.1 | x\n");
    }

    #[test]
    fn json_lines_stay_json() {
        let prefix = Prefix::json(pay(None));
        assert_eq!(line(&prefix, "{\"a\":1}\n"), "{\"unit\":\"pay\",\"a\":1}\n");
        assert_eq!(line(&prefix, "hello"), "{\"unit\":\"pay\",\"message\":\"hello\"}\n");
        let prefix = Prefix::json(pay(Some(1)));
        assert_eq!(line(&prefix, "{\"a\":1}"), "{\"unit\":\"pay\",\"instance\":1,\"a\":1}\n");
    }

    #[test]
    fn what_up_says_is_kept_as_a_line_of_its_own() {
        let (shown, kept) = Prefix::text(pay(None), 0, 3, false).say(Level::Warn, "ended");
        assert_eq!(shown, b"pay | ended\n");
        let kept = seam_telemetry::logs::LogEntry::read(kept.as_bytes()).unwrap();
        assert_eq!((kept.unit(), kept.level(), kept.message()), ("pay", Level::Warn, "ended"));
        let (shown, kept) = Prefix::json(pay(Some(1))).say(Level::Warn, "ended");
        assert_eq!(shown, kept.as_bytes());
    }
}
