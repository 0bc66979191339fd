//! What other tracers say of a trace: W3C's `tracestate`, which is carried along and given on as it came.

use std::sync::Arc;

use super::CallContext;

/// So many members are taken at most, as the standard has it; a list of more is none.
const MAX_MEMBERS: usize = 32;
/// The longest key and the longest value of a member, in bytes.
const MAX_PART: usize = 256;
/// Members longer than this leave first where a list is too long.
const LONG: usize = 128;

/// A `tracestate`: a list of `key=value`, as other tracers have written it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceState(Arc<str>);

impl TraceState {
    /// The longest that calls carry, in bytes; the wire says the same.
    pub const MAX_LEN: usize = 512;

    /// Reads the values of a request's `tracestate` headers, which are one list. `None` if it has no
    /// members, or if the whole isn't such a list. Of one that is longer than
    /// [`MAX_LEN`](Self::MAX_LEN) whole members are left out: first those of more than 128 bytes, then
    /// those at the end, which are the oldest.
    pub fn read<'h>(headers: impl IntoIterator<Item = &'h str>) -> Option<Self> {
        let mut members = Vec::new();
        for member in headers.into_iter().flat_map(|header| header.split(',')) {
            let member = member.trim_matches([' ', '\t']);
            if member.is_empty() {
                continue;
            }
            if members.len() == MAX_MEMBERS || !is_member(member) {
                return None;
            }
            members.push(member);
        }
        // With a comma behind each but the last.
        let mut length =
            members.iter().map(|member| member.len() + 1).sum::<usize>().saturating_sub(1);
        for longest in [LONG, 0] {
            for at in (0..members.len()).rev() {
                if length > Self::MAX_LEN && members[at].len() > longest {
                    length = length.saturating_sub(members.remove(at).len() + 1);
                }
            }
        }
        (!members.is_empty()).then(|| Self(members.join(",").into()))
    }

    /// The list as a header has it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether it is a `key=value` of the standard's letters.
fn is_member(member: &str) -> bool {
    let Some((key, value)) = member.split_once('=') else { return false };
    let begins = |b: u8| matches!(b, b'a'..=b'z' | b'0'..=b'9');
    let goes_on = |b: u8| begins(b) || matches!(b, b'_' | b'-' | b'*' | b'/' | b'@');
    key.bytes().next().is_some_and(begins)
        && key.bytes().all(goes_on)
        && key.len() <= MAX_PART
        && (1..=MAX_PART).contains(&value.len())
        && value.bytes().all(|b| matches!(b, b' '..=b'~') && b != b'=')
}

impl CallContext {
    /// What other tracers say of the trace.
    #[inline]
    pub fn tracestate(&self) -> Option<&TraceState> {
        self.marks.rare.as_ref()?.state.as_ref()
    }

    /// From now on other tracers say that of the trace.
    pub fn set_tracestate(&mut self, state: Option<TraceState>) {
        if state.is_some() || self.marks.rare.is_some() {
            self.marks.rare().state = state;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<const N: usize>(headers: [&str; N]) -> Option<String> {
        TraceState::read(headers).map(|state| state.as_str().to_owned())
    }

    #[test]
    fn several_headers_are_one_list_and_blanks_between_members_are_nothing() {
        assert_eq!(read(["foo=1,bar=2", "", "baz=3"]).unwrap(), "foo=1,bar=2,baz=3");
        assert_eq!(read([" foo=1 \t , \tbar= 2, ,"]).unwrap(), "foo=1,bar= 2");
        for key in ["0a", "a_-*/", "foo@bar@baz", "foo@", &"z".repeat(256)] {
            assert_eq!(read([&*format!("{key}=!~")]).unwrap(), format!("{key}=!~"));
        }
        assert_eq!(read(["foo=1,foo=2"]).unwrap(), "foo=1,foo=2", "kept as it came");
        assert_eq!((read([]), read([""]), read([" , "])), (None, None, None));
    }

    #[test]
    fn a_list_with_a_wrong_member_is_none() {
        let long = "z".repeat(257);
        for member in [
            "foo",
            "foo =1",
            "FOO=1",
            "foo.bar=1",
            "@foo=1",
            "=1",
            "foo=",
            "foo=bar=baz",
            "foo=b\u{e4}r",
            "foo=b\r\nar",
            "foo=b\tar",
            &format!("{long}=1"),
            &format!("foo={long}"),
        ] {
            assert_eq!(read(["good=1", member]), None, "{member:?}");
        }
        let members = |n: usize| (0..n).map(|n| format!("m{n}=1")).collect::<Vec<_>>().join(",");
        assert_eq!(read([&*members(32)]).unwrap(), members(32));
        assert_eq!(read([&*members(33)]), None);
    }

    #[test]
    fn what_is_too_long_is_cut_by_whole_members_long_ones_first() {
        let member = |key: &str, length: usize| format!("{key}={}", "x".repeat(length - 2));
        let (long, short) = (member("l", 129), member("s", 128));
        let exact =
            [member("a", 128), member("b", 128), member("c", 128), member("d", 125)].join(",");
        assert_eq!(exact.len(), 512);
        assert_eq!(read([&*exact]).unwrap(), exact);
        assert_eq!(read([&*exact, "e=1"]).unwrap(), exact, "the oldest leaves");
        assert_eq!(read([&*long, &*exact]).unwrap(), exact, "the long one leaves");
        // Of two long ones the older leaves, and the other may stay.
        let two = [&*long, "a=1", &*member("m", 250), &*short, "b=2"].join(",");
        assert_eq!(read([&*two]).unwrap(), [&*long, "a=1", &*short, "b=2"].join(","));
        assert_eq!(
            read([&*[&*member("m", 256), &*member("n", 256)].join(",")]).unwrap().len(),
            256
        );
    }
}
