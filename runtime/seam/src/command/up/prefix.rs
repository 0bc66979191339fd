//! How lines say of which unit they are.

use super::object::object;

/// Terminal colours that read well on dark and light.
const COLOURS: [u8; 6] = [36, 33, 32, 35, 34, 31];

/// How a unit's lines begin.
#[derive(Clone, Debug)]
pub(in crate::command) enum Prefix {
    /// `pay   | `, perhaps in colour.
    Text(String),
    /// Lines are JSON objects: the unit becomes their first field, and the instance the second, where
    /// a unit has several.
    Json(String, Option<u16>),
}

impl Prefix {
    /// Of a unit among others: names are padded to `width`, and coloured if `colour` says so.
    pub(super) fn text(unit: &str, index: usize, width: usize, colour: bool) -> Self {
        let name = format!("{unit:width$} |");
        Self::Text(match colour {
            true => format!("\x1b[{}m{name}\x1b[0m ", COLOURS[index % COLOURS.len()]),
            false => format!("{name} "),
        })
    }

    /// The whole line, its end included.
    pub(in crate::command) fn line(&self, text: &[u8]) -> Vec<u8> {
        let text = text.strip_suffix(b"\n").unwrap_or(text);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        let mut line = match self {
            Self::Json(unit, instance) => object(unit, *instance, text).into_bytes(),
            Self::Text(prefix) => [prefix.as_bytes(), text].concat(),
        };
        line.push(b'\n');
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(prefix: &Prefix, text: &str) -> String {
        String::from_utf8(prefix.line(text.as_bytes())).unwrap()
    }

    #[test]
    fn names_are_aligned_and_coloured() {
        assert_eq!(line(&Prefix::text("pay", 0, 5, false), "hello\r\n"), "pay   | hello\n");
        assert_eq!(line(&Prefix::text("pay", 7, 3, true), "x"), "\x1b[33mpay |\x1b[0m x\n");
    }

    #[test]
    fn json_lines_stay_json() {
        let prefix = Prefix::Json("pay".into(), None);
        assert_eq!(line(&prefix, "{\"a\":1}\n"), "{\"unit\":\"pay\",\"a\":1}\n");
        assert_eq!(line(&prefix, "hello"), "{\"unit\":\"pay\",\"message\":\"hello\"}\n");
        let prefix = Prefix::Json("pay".into(), Some(1));
        assert_eq!(line(&prefix, "{\"a\":1}"), "{\"unit\":\"pay\",\"instance\":1,\"a\":1}\n");
    }
}
