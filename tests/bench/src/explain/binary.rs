//! The bench's own binary: which source lines an instruction comes from, inlined functions
//! included, and whether it locks memory.

use std::path::{Path, PathBuf};

use addr2line::Loader;
use anyhow::{Context, anyhow, ensure};
use object::{Object, ObjectSection, SectionKind};

use super::locks::locks_memory;
use super::profile::Profile;

/// A function around an instruction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) function: String,
    /// Empty where the compiler left no lines.
    pub(super) file: String,
}

/// A binary with line tables.
pub(super) struct Binary {
    path: PathBuf,
    lines: Loader,
    /// Where the bytes of its instructions are, and they.
    code: Vec<(u64, Vec<u8>)>,
}

impl Binary {
    pub(super) fn open(path: &Path) -> anyhow::Result<Self> {
        let failed = |why| anyhow!("reading {}: {why}", path.display());
        let lines = Loader::new(path).map_err(|why| failed(why.to_string()))?;
        let bytes = std::fs::read(path).with_context(|| format!("reading {}", path.display()))?;
        let code = sections(&bytes).map_err(|why| failed(why.to_string()))?;
        Ok(Self { path: path.to_owned(), lines, code })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The functions around an instruction, the innermost first.
    pub(super) fn frames(&self, address: u64) -> Vec<Frame> {
        let mut found = Vec::new();
        if let Ok(mut frames) = self.lines.find_frames(address) {
            while let Ok(Some(frame)) = frames.next() {
                let name = frame.function.as_ref().and_then(|name| name.demangle().ok());
                let file = frame.location.as_ref().and_then(|location| location.file);
                found.push(Frame {
                    function: name.map(|name| name.into_owned()).unwrap_or_default(),
                    file: file.unwrap_or_default().to_owned(),
                });
            }
        }
        found
    }

    /// Where the function begins that the instruction is a part of.
    pub(super) fn start(&self, address: u64) -> u64 {
        self.lines.find_symbol_info(address).map_or(address, |symbol| symbol.address())
    }

    /// Whether the instruction locks memory; only known of x86-64.
    pub(super) fn locks(&self, address: u64) -> bool {
        cfg!(target_arch = "x86_64")
            && self.code.iter().any(|(start, bytes)| {
                let at = address.checked_sub(*start).and_then(|at| usize::try_from(at).ok());
                at.and_then(|at| bytes.get(at..)).is_some_and(locks_memory)
            })
    }

    /// Refuses a binary without lines of the runtime's: every figure would be somebody else's. The
    /// standard library has its own, whatever is asked of the compiler.
    pub(super) fn has_lines_of(&self, profile: &Profile) -> anyhow::Result<()> {
        let mut ours =
            profile.ran.iter().filter(|(place, _)| Path::new(&place.object) == self.path);
        let known = |frame: &Frame| frame.file.contains("runtime/core/src/");
        ensure!(
            ours.any(|(place, _)| self.frames(place.address).iter().any(known)),
            "{} has no line tables: build it by `cargo run --release -p seam-bench`, which keeps them",
            self.path.display()
        );
        Ok(())
    }
}

/// The sections that hold instructions.
fn sections(bytes: &[u8]) -> object::Result<Vec<(u64, Vec<u8>)>> {
    let file = object::File::parse(bytes)?;
    let text = file.sections().filter(|section| section.kind() == SectionKind::Text);
    text.map(|section| Ok((section.address(), section.data()?.to_vec()))).collect()
}
