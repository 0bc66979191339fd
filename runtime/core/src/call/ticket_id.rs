//! The id of a ticket.

use std::fmt;

/// The id of a ticket: 128 random bits, which nobody guesses. Whoever knows it may ask for the result.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TicketId(u128);

/// How many hexadecimal digits an id has.
const DIGITS: usize = 32;

impl TicketId {
    /// The id of that number.
    pub const fn new(id: u128) -> Self {
        Self(id)
    }

    /// The number.
    pub const fn get(self) -> u128 {
        self.0
    }

    /// A new one, from the system's source of random bits.
    ///
    /// # Errors
    /// The system has none.
    pub fn random() -> Result<Self, std::io::Error> {
        let mut bits = [0; 16];
        getrandom::fill(&mut bits).map_err(std::io::Error::other)?;
        Ok(Self(u128::from_be_bytes(bits)))
    }

    /// The id that is written so; `None` if that is none: there is one spelling, as it is displayed.
    pub fn parse(text: &str) -> Option<Self> {
        let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        let is_id = text.len() == DIGITS && text.bytes().all(is_digit);
        is_id.then(|| u128::from_str_radix(text, 16).ok()).flatten().map(Self)
    }
}

/// 32 hexadecimal digits, in lower case.
impl fmt::Display for TicketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for TicketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_one_spelling() {
        for id in [TicketId::new(0), TicketId::new(0xab), TicketId::random().unwrap()] {
            assert_eq!(TicketId::parse(&id.to_string()), Some(id));
        }
        let id = TicketId::new(0xab).to_string();
        for text in [
            "",
            "0",
            &id[1..],
            &format!("{id}0"),
            &id.to_uppercase(),
            &format!("+{}", &id[1..]),
            &format!(" {}", &id[1..]),
            &"g".repeat(32),
            &"é".repeat(16),
        ] {
            assert_eq!(TicketId::parse(text), None, "{text}");
        }
        assert_ne!(TicketId::random().unwrap(), TicketId::random().unwrap());
    }
}
