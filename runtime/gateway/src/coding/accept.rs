//! Which coding a client would have, by its `Accept-Encoding` (RFC 9110, 12.5.3).

use super::Coding;

/// What a client would have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Accepted {
    /// In this coding, or as it is.
    pub(crate) coding: Option<Coding>,
    /// It wants nothing as it is, however small.
    pub(crate) insists: bool,
}

/// What is said of a coding, in thousandths.
#[derive(Default)]
struct Said {
    gzip: Option<u16>,
    brotli: Option<u16>,
    zstd: Option<u16>,
    identity: Option<u16>,
    others: Option<u16>,
}

/// Reads the values of `Accept-Encoding`. Among codings that are wanted alike the fastest is taken
/// of those that are named, and of those that `*` stands for the one that all clients know. A
/// client that accepts nothing that there is gets the content as it is.
pub(crate) fn accepted<'a>(values: impl Iterator<Item = &'a [u8]>) -> Accepted {
    let mut said = Said::default();
    for part in values.flat_map(|value| value.split(|byte| *byte == b',')) {
        said.add(part);
    }
    let (star, or_star) = (said.others, |named: Option<u16>| named.or(said.others));
    // The later one of those that are wanted alike is taken.
    let unnamed = |named: Option<u16>| if named.is_some() { None } else { star };
    let ranked = [
        (Coding::Zstd, unnamed(said.zstd)),
        (Coding::Brotli, unnamed(said.brotli)),
        (Coding::Gzip, unnamed(said.gzip)),
        (Coding::Gzip, said.gzip),
        (Coding::Brotli, said.brotli),
        (Coding::Zstd, said.zstd),
    ];
    let best = ranked.into_iter().filter_map(|(coding, wanted)| Some((wanted?, coding)));
    let best = best.filter(|(wanted, _)| *wanted > 0).max_by_key(|(wanted, _)| *wanted);
    let identity = or_star(said.identity);
    let coding = best.filter(|(wanted, _)| said.identity.is_none_or(|other| other <= *wanted));
    Accepted { coding: coding.map(|(_, coding)| coding), insists: identity == Some(0) }
}

impl Said {
    fn add(&mut self, part: &[u8]) {
        let mut parameters = part.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
        let name = parameters.next().unwrap_or_default();
        let mut weights = parameters.filter_map(|parameter| {
            let (name, value) = parameter.split_at_checked(2)?;
            name.eq_ignore_ascii_case(b"q=").then(|| weight(value))
        });
        // What can't be read isn't accepted.
        let wanted = weights.next_back().unwrap_or(Some(1000)).unwrap_or(0);
        let is = |known: &str| name.eq_ignore_ascii_case(known.as_bytes());
        let said = match () {
            () if is("gzip") || is("x-gzip") => &mut self.gzip,
            () if is("br") => &mut self.brotli,
            () if is("zstd") => &mut self.zstd,
            () if is("identity") => &mut self.identity,
            () if is("*") => &mut self.others,
            () => return,
        };
        *said = Some(wanted);
    }
}

/// `0`, `0.5`, `1.000`, in thousandths.
fn weight(value: &[u8]) -> Option<u16> {
    let (whole, rest) = value.split_first()?;
    let digits = match rest.split_first() {
        None => rest,
        Some((b'.', digits)) if digits.len() <= 3 => digits,
        Some(_) => return None,
    };
    let mut thousandths = match whole {
        b'0' => 0,
        b'1' => 1000,
        _ => return None,
    };
    for (digit, unit) in digits.iter().zip([100, 10, 1]) {
        thousandths += u16::from(digit.is_ascii_digit().then(|| digit - b'0')?) * unit;
    }
    (thousandths <= 1000).then_some(thousandths)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(value: &str) -> (Option<Coding>, bool) {
        let Accepted { coding, insists } = accepted(std::iter::once(value.as_bytes()));
        (coding, insists)
    }

    #[test]
    fn the_best_of_what_is_accepted_is_taken() {
        for (value, coding) in [
            ("gzip", Some(Coding::Gzip)),
            ("x-gzip", Some(Coding::Gzip)),
            ("GZIP", Some(Coding::Gzip)),
            ("br", Some(Coding::Brotli)),
            ("zstd", Some(Coding::Zstd)),
            ("gzip, deflate, br, zstd", Some(Coding::Zstd)),
            ("gzip, deflate, br", Some(Coding::Brotli)),
            ("gzip;q=1.0, br;q=0.5", Some(Coding::Gzip)),
            ("gzip;q=0.5, br;q=0.501", Some(Coding::Brotli)),
            ("gzip ; Q=0.1", Some(Coding::Gzip)),
            ("*", Some(Coding::Gzip)),
            ("gzip;q=0, *", Some(Coding::Brotli)),
            ("gzip;q=0, br;q=0, *;q=0.1", Some(Coding::Zstd)),
            ("br;q=0.2, *;q=0.9", Some(Coding::Gzip)),
            ("identity, gzip", Some(Coding::Gzip)),
            ("gzip;q=0.3", Some(Coding::Gzip)),
            ("", None),
            ("identity", None),
            ("deflate", None),
            ("gzip;q=0", None),
            ("gzip;q=0.000", None),
            ("*;q=0", None),
            ("identity;q=0.5, gzip;q=0.4", None),
            ("gzip;q=2", None),
            ("gzip;q=1.001", None),
            ("gzip;q=0.1234", None),
            ("gzip;q=-1", None),
            ("gzip;q=", None),
            ("gzipp", None),
        ] {
            assert_eq!(of(value).0, coding, "{value}");
        }
    }

    #[test]
    fn identity_is_refused_by_its_name_or_by_the_star() {
        assert_eq!(of("identity;q=0, gzip"), (Some(Coding::Gzip), true));
        assert_eq!(of("*;q=0, br"), (Some(Coding::Brotli), true));
        assert_eq!(of("*;q=0, identity;q=0.1, br"), (Some(Coding::Brotli), false));
        assert_eq!(of("*;q=0, identity, br;q=0.5"), (None, false));
        assert_eq!(of("identity;q=0"), (None, true));
        assert!(!of("gzip").1 && !of("").1 && !of("*").1);
    }

    #[test]
    fn several_headers_are_one_list() {
        let values = ["gzip;q=0.1", "br"].into_iter().map(str::as_bytes);
        assert_eq!(accepted(values).coding, Some(Coding::Brotli));
        assert_eq!(accepted(std::iter::empty()), Accepted { coding: None, insists: false });
    }
}
