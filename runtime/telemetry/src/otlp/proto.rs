//! Protobuf's format, as far as OTLP needs it: fields are written one after the other, those with
//! default values left out.

/// Numbers of eight bytes, in fields and in lists.
pub(super) trait Fixed: Copy {
    fn bytes(self) -> [u8; 8];
}

impl Fixed for u64 {
    fn bytes(self) -> [u8; 8] {
        self.to_le_bytes()
    }
}

impl Fixed for f64 {
    fn bytes(self) -> [u8; 8] {
        self.to_le_bytes()
    }
}

/// A message that is being written.
#[derive(Debug, Default)]
pub(super) struct Message(Vec<u8>);

const VARINT: u32 = 0;
const FIXED: u32 = 1;
const BYTES: u32 = 2;

impl Message {
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// A text; an empty one is left out.
    pub(super) fn text(&mut self, field: u32, text: &str) {
        self.bytes(field, text.as_bytes());
    }

    /// Bytes; none are left out.
    pub(super) fn bytes(&mut self, field: u32, bytes: &[u8]) {
        if !bytes.is_empty() {
            self.tag(field, BYTES);
            self.varint(bytes.len() as u64);
            self.0.extend_from_slice(bytes);
        }
    }

    /// A number of variable length, an enum's too; 0 is left out.
    pub(super) fn number(&mut self, field: u32, number: u64) {
        if number != 0 {
            self.choice(field, number);
        }
    }

    /// A number of variable length that is one of several fields of which one is there: 0, too.
    pub(super) fn choice(&mut self, field: u32, number: u64) {
        self.tag(field, VARINT);
        self.varint(number);
    }

    /// Eight bytes; 0, too.
    pub(super) fn fixed(&mut self, field: u32, number: impl Fixed) {
        self.tag(field, FIXED);
        self.0.extend_from_slice(&number.bytes());
    }

    /// A list of eight bytes each.
    pub(super) fn list<T: Fixed>(&mut self, field: u32, numbers: &[T]) {
        self.tag(field, BYTES);
        self.varint(numbers.len() as u64 * 8);
        self.0.extend(numbers.iter().flat_map(|number| number.bytes()));
    }

    /// A text that is one of several fields of which one is there: an empty one, too.
    pub(super) fn text_choice(&mut self, field: u32, text: &str) {
        self.message(field, |message| message.0.extend_from_slice(text.as_bytes()));
    }

    /// A message within this one.
    pub(super) fn message(&mut self, field: u32, write: impl FnOnce(&mut Self)) {
        self.tag(field, BYTES);
        // Most are short, so that one byte is enough for their length; others are moved once more.
        let length_at = self.0.len();
        self.0.push(0);
        write(self);
        let length = (self.0.len() - length_at - 1) as u64;
        match u8::try_from(length) {
            Ok(length) if length < 0x80 => self.0[length_at] = length,
            _ => {
                let mut prefix = Self::default();
                prefix.varint(length);
                self.0.splice(length_at..=length_at, prefix.0);
            }
        }
    }

    fn tag(&mut self, field: u32, kind: u32) {
        self.varint(u64::from(field << 3 | kind));
    }

    fn varint(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_written_as_the_format_says() {
        let mut message = Message::default();
        message.number(1, 150);
        message.text(2, "testing");
        message.message(3, |inner| inner.number(1, 150));
        assert_eq!(message.0, b"\x08\x96\x01\x12\x07testing\x1a\x03\x08\x96\x01");
        let mut message = Message::default();
        message.number(1, 0);
        message.text(2, "");
        message.fixed(3, 1_u64);
        message.list(16, &[1.0]);
        message.choice(4, 0);
        message.text_choice(5, "");
        assert_eq!(
            message.0,
            b"\x19\x01\0\0\0\0\0\0\0\x82\x01\x08\0\0\0\0\0\0\xf0\x3f\x20\0\x2a\0"
        );
    }

    #[test]
    fn a_long_message_has_its_length_before_it() {
        let mut message = Message::default();
        message.message(1, |outer| outer.message(1, |inner| inner.text(1, &"x".repeat(200))));
        assert_eq!(message.0[..9], *b"\x0a\xce\x01\x0a\xcb\x01\x0a\xc8\x01");
        assert_eq!(message.0.len(), 209);
    }
}
