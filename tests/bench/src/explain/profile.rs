//! What callgrind wrote: how often every instruction ran, and which of them called whom.
//!
//! Written with `--dump-instr=yes --dump-line=no --compress-strings=no --compress-pos=no`: nothing is
//! left out because it was said before.

use anyhow::{Context, bail};

/// An instruction: the file that it was loaded from, its address there, and the function that the
/// file's own table of symbols names.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Place {
    pub(super) object: String,
    pub(super) function: String,
    pub(super) address: u64,
}

/// An instruction that called a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Call {
    pub(super) from: Place,
    /// Where the function begins.
    pub(super) to: Place,
    /// What ran until it returned.
    pub(super) instructions: u64,
}

/// All counts of a run.
#[derive(Debug, Default)]
pub(super) struct Profile {
    /// How often each instruction ran.
    pub(super) ran: Vec<(Place, u64)>,
    pub(super) calls: Vec<Call>,
}

impl Profile {
    /// Reads callgrind's file.
    pub(super) fn parse(text: &str) -> anyhow::Result<Self> {
        let mut profile = Self::default();
        let (mut object, mut function) = (String::new(), String::new());
        // A callee is in its caller's file unless told otherwise.
        let (mut in_object, mut callee) = (None, String::new());
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            let place =
                |address| Place { object: object.clone(), function: function.clone(), address };
            if line.starts_with("0x") {
                let (address, count) = counted(line)?;
                profile.ran.push((place(address), count));
                continue;
            }
            let Some((key, value)) = line.split_once('=') else { continue };
            match key {
                "ob" => value.clone_into(&mut object),
                "fn" => value.clone_into(&mut function),
                "cob" => in_object = Some(value.to_owned()),
                "cfn" => value.clone_into(&mut callee),
                "calls" => {
                    let cost = lines.next().context("callgrind wrote a call without its cost")?;
                    let (address, instructions) = counted(cost)?;
                    let to = value.split_ascii_whitespace().nth(1).and_then(hex);
                    let to = Place {
                        object: in_object.take().unwrap_or_else(|| object.clone()),
                        function: callee.clone(),
                        address: to.context("callgrind wrote a call to nowhere")?,
                    };
                    profile.calls.push(Call { from: place(address), to, instructions });
                }
                _ => {}
            }
        }
        if profile.ran.is_empty() {
            bail!("callgrind counted nothing: is the binary stripped?");
        }
        Ok(profile)
    }
}

/// `0x1234 56`: an address and a count.
fn counted(line: &str) -> anyhow::Result<(u64, u64)> {
    let mut words = line.split_ascii_whitespace();
    let read = words.next().and_then(hex).zip(words.next_back().and_then(|n| n.parse().ok()));
    read.with_context(|| format!("callgrind wrote what isn't understood: `{line}`"))
}

fn hex(text: &str) -> Option<u64> {
    u64::from_str_radix(text.strip_prefix("0x")?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_and_calls_are_read() {
        let text = "# callgrind format\nversion: 1\npositions: instr\nevents: Ir\nsummary: 27\n\n\n\
                    ob=/bin/app\nfl=???\nfn=outer\n0x10 3\n\
                    cob=/lib/libc.so\ncfi=???\ncfn=malloc\ncalls=2 0x900 \n0x14 20\n\
                    cfn=inner\ncalls=1 0x50 \n0x18 4\n\n\
                    fn=inner\n0x50 4\n\nob=/lib/libc.so\nfn=malloc\n0x900 20\n\ntotals: 27\n";
        let profile = Profile::parse(text).unwrap();
        let place = |object: &str, function: &str, address| Place {
            object: object.to_owned(),
            function: function.to_owned(),
            address,
        };
        assert_eq!(
            profile.ran,
            [
                (place("/bin/app", "outer", 0x10), 3),
                (place("/bin/app", "inner", 0x50), 4),
                (place("/lib/libc.so", "malloc", 0x900), 20),
            ]
        );
        let call = |from, to, instructions| Call { from, to, instructions };
        assert_eq!(
            profile.calls,
            [
                call(place("/bin/app", "outer", 0x14), place("/lib/libc.so", "malloc", 0x900), 20),
                call(place("/bin/app", "outer", 0x18), place("/bin/app", "inner", 0x50), 4),
            ]
        );
    }

    #[test]
    fn what_is_no_profile_is_refused() {
        assert!(Profile::parse("events: Ir\n").is_err());
        assert!(Profile::parse("fn=a\n0x10 many\n").is_err());
        assert!(Profile::parse("fn=a\ncfn=b\ncalls=1 0x5\n").is_err());
    }
}
