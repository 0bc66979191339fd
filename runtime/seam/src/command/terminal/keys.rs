//! What is pressed, of the bytes that a terminal sends.

/// How many bytes of a sequence are waited for, at most.
const LONGEST: usize = 16;
const ESCAPE: u8 = 0x1b;

/// A key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::command) enum Key {
    Char(char),
    Enter,
    Backspace,
    Escape,
    Left,
    Right,
    /// Ctrl-C, or Ctrl-D.
    Quit,
    /// Ctrl-L.
    Redraw,
}

/// Reads keys from bytes, however these are cut.
#[derive(Debug, Default)]
pub(in crate::command) struct Keys {
    /// The beginning of a character.
    begun: Vec<u8>,
}

impl Keys {
    /// The keys in what was read at once. An escape at its end is the key, and no sequence: terminals send
    /// these whole.
    pub(in crate::command) fn read(&mut self, bytes: &[u8]) -> Vec<Key> {
        let mut all = std::mem::take(&mut self.begun);
        all.extend_from_slice(bytes);
        let (mut rest, mut keys) = (&all[..], Vec::new());
        while let Some((&first, after)) = rest.split_first() {
            let (key, taken) = match first {
                ESCAPE => sequence(after),
                b'\r' | b'\n' => (Some(Key::Enter), 1),
                0x7f | 0x08 => (Some(Key::Backspace), 1),
                0x03 | 0x04 => (Some(Key::Quit), 1),
                0x0c => (Some(Key::Redraw), 1),
                0..0x20 => (None, 1),
                _ => match character(rest) {
                    Some((key, taken)) => (key, taken),
                    None => {
                        self.begun = rest.to_vec();
                        break;
                    }
                },
            };
            keys.extend(key);
            rest = &rest[taken.min(rest.len())..];
        }
        keys
    }
}

/// The key of what stands behind an escape, and how many bytes it is with that.
fn sequence(after: &[u8]) -> (Option<Key>, usize) {
    match after {
        [b'[', rest @ ..] => {
            let end = rest.iter().take(LONGEST).position(|byte| (0x40..=0x7e).contains(byte));
            let key = match (end, rest) {
                (Some(0), [b'C', ..]) => Some(Key::Right),
                (Some(0), [b'D', ..]) => Some(Key::Left),
                _ => None,
            };
            (key, 2 + end.map_or(rest.len(), |end| end + 1))
        }
        [b'O', b'C', ..] => (Some(Key::Right), 3),
        [b'O', b'D', ..] => (Some(Key::Left), 3),
        [b'O', _, ..] => (None, 3),
        _ => (Some(Key::Escape), 1),
    }
}

/// The first character, and its length; `None` if it isn't whole.
fn character(bytes: &[u8]) -> Option<(Option<Key>, usize)> {
    let length = match bytes.first()? {
        0..0x80 => 1,
        0xc0..0xe0 => 2,
        0xe0..0xf0 => 3,
        0xf0..0xf8 => 4,
        _ => return Some((None, 1)),
    };
    let whole = bytes.get(..length)?;
    let read = std::str::from_utf8(whole).ok().and_then(|text| text.chars().next());
    Some(read.map_or((None, 1), |read| (Some(Key::Char(read)), length)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_of_bytes_however_they_are_cut() {
        let mut keys = Keys::default();
        assert_eq!(
            keys.read(b"/a\x7f\r"),
            [Key::Char('/'), Key::Char('a'), Key::Backspace, Key::Enter]
        );
        assert_eq!(keys.read(b"\x1b[C\x1bOD\x1b[3~q"), [Key::Right, Key::Left, Key::Char('q')]);
        assert_eq!(keys.read(b"\x1b"), [Key::Escape]);
        assert_eq!(keys.read(b"\x03\x04\x0c\x01"), [Key::Quit, Key::Quit, Key::Redraw]);
        let euro = "€".as_bytes();
        assert_eq!(keys.read(&euro[..1]), []);
        assert_eq!(keys.read(&euro[1..]), [Key::Char('€')]);
        // Nonsense is passed by.
        assert_eq!(keys.read(&[0xff, 0xc0, b'q', b'p']), [Key::Char('q'), Key::Char('p')]);
    }
}
