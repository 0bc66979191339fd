//! The pairs of a query or a form, read to the letter.

use std::borrow::Cow;

use crate::problem::Problem;

/// A name and a value.
pub(crate) type Pair<'a> = (Cow<'a, str>, Cow<'a, str>);

/// The pairs of `text`, in their order; `whose` is what clients know it as.
///
/// # Errors
/// A `%` without two digits, and what isn't UTF-8: whoever reads past that reads what wasn't sent.
pub(crate) fn pairs<'a>(text: &'a [u8], whose: &str) -> Result<Vec<Pair<'a>>, Problem> {
    let pairs = text.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let mut halves = pair.splitn(2, |byte| *byte == b'=');
            let mut half = || decoded(halves.next().unwrap_or_default(), whose);
            Ok((half()?, half()?))
        })
        .collect()
}

fn decoded<'a>(text: &'a [u8], whose: &str) -> Result<Cow<'a, str>, Problem> {
    let no_text = || Problem::bad_request(format!("{whose} isn't UTF-8"));
    if !text.iter().any(|byte| matches!(byte, b'+' | b'%')) {
        return std::str::from_utf8(text).map(Cow::Borrowed).map_err(|_| no_text());
    }
    let digit = |byte: Option<&u8>| byte.and_then(|byte| char::from(*byte).to_digit(16));
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.iter();
    while let Some(byte) = rest.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => match (digit(rest.next()), digit(rest.next())) {
                (Some(high), Some(low)) => (high * 16 + low) as u8,
                _ => {
                    let why = format!("{whose} has a `%` without two hexadecimal digits");
                    return Err(Problem::bad_request(why));
                }
            },
            plain => *plain,
        });
    }
    String::from_utf8(decoded).map(Cow::Owned).map_err(|_| no_text())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(String, String)> {
        let pairs = pairs(text.as_bytes(), "the query").unwrap();
        pairs.into_iter().map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
    }

    #[test]
    fn pairs_are_decoded_once() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(
            read("a=1&&b=x+y%2B%252B&c&=d&e=f=g"),
            [pair("a", "1"), pair("b", "x y+%2B"), pair("c", ""), pair("", "d"), pair("e", "f=g"),]
        );
        assert_eq!(read("%C3%a9=é"), [pair("é", "é")]);
        assert_eq!(read(""), []);
    }

    #[test]
    fn what_is_no_text_is_refused() {
        for text in [&b"a=%"[..], b"a=%4", b"%4x=1", b"a=%+1", b"a=%ff", b"\xff=1", b"a=%c3"] {
            assert_eq!(pairs(text, "the query").unwrap_err().status.as_u16(), 400, "{text:?}");
        }
    }
}
