//! The key of an event, by which its order is kept.

use crate::codec::Message;

/// The JSON of a key's field, a text without its quotes. What JSON can't say is empty; an event that
/// holds such a field isn't kept. Used by generated code.
#[doc(hidden)]
pub fn key_of<T: Message>(field: &T) -> String {
    let json = serde_json::to_string(field).unwrap_or_default();
    match json.starts_with('"') {
        true => serde_json::from_str(&json).unwrap_or(json),
        false => json,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_what_json_makes_of_it() {
        assert_eq!(key_of(&7_u64), "7");
        assert_eq!(key_of(&u128::MAX), u128::MAX.to_string());
        assert_eq!(key_of(&-1_i8), "-1");
        assert_eq!(key_of(&true), "true");
        assert_eq!(key_of(&"a \"b\" é\n".to_owned()), "a \"b\" é\n");
        assert_eq!(key_of(&String::new()), "");
    }
}
