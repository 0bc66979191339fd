//! Lines as they are written: none is longer than a file can do with.

use serde_json::Value;

use super::LogEntry;

/// How long a line may be, its end included.
pub(super) const LONGEST: usize = 64 << 10;
/// What texts are cut to, one after the other, until the line isn't too long any more.
const CUTS: [usize; 4] = [16 << 10, 4 << 10, 256, 16];

impl LogEntry {
    /// The whole line with its end. Of one that would be longer than 64 KiB the texts are cut, which
    /// `…` says.
    pub fn line(&self) -> String {
        let line = |entry: &Self| format!("{entry}\n");
        let whole = line(self);
        if whole.len() <= LONGEST {
            return whole;
        }
        let mut entry = self.clone();
        for most in CUTS {
            entry.members_mut().for_each(|value| cut(value, most));
            let line = line(&entry);
            if line.len() <= LONGEST {
                return line;
            }
        }
        // Too many keys for a line.
        let mut least = Self::new(self.level(), self.unit(), None);
        least.add("line", "too long".into());
        line(&least.with("timestamp", self.at()).with("message", self.message_cut()))
    }

    fn message_cut(&self) -> String {
        let mut message = Value::from(self.message());
        cut(&mut message, CUTS[1]);
        message.as_str().unwrap_or_default().to_owned()
    }
}

/// Cuts texts, at any depth.
fn cut(value: &mut Value, most: usize) {
    match value {
        Value::String(text) if text.len() > most => {
            text.truncate(text.floor_char_boundary(most));
            text.push('…');
        }
        Value::Array(values) => values.iter_mut().for_each(|value| cut(value, most)),
        Value::Object(members) => members.values_mut().for_each(|value| cut(value, most)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::super::Level;
    use super::*;

    #[test]
    fn a_line_that_is_too_long_is_cut_and_stays_one() {
        let long = "é\u{1}\"".repeat(100_000);
        let mut entry = LogEntry::new(Level::Info, "pay", None).with("message", long.clone());
        assert!(entry.line().len() <= LONGEST);
        for field in 0..100 {
            entry.add(&format!("field{field}"), long.clone().into());
        }
        let line = entry.line();
        assert!(line.len() <= LONGEST && line.ends_with("}\n"));
        let read = LogEntry::read(line.as_bytes()).unwrap();
        assert!(read.message().ends_with('…'));
        assert_eq!((read.unit(), read.members().count()), ("pay", 104));

        for field in 0..10_000 {
            entry.add(&format!("more{field}"), 1.into());
        }
        let line = entry.line();
        let read = LogEntry::read(line.as_bytes()).unwrap();
        assert!(line.len() <= LONGEST && read.message().ends_with('…'));
        let short = LogEntry::new(Level::Info, "pay", None).with("message", "a");
        assert_eq!(short.line(), format!("{short}\n"));
    }
}
