//! A disk that is full for a while, for real: a small one, which takes root to mount. For tests, those of
//! the log included.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

/// A small disk, until dropped.
pub(crate) struct SmallDisk {
    folder: TempDir,
}

impl SmallDisk {
    /// One of that kind, `ext4` or else `tmpfs`, with so many MiB. None where it can't be mounted.
    pub(crate) fn mount(kind: &str, size: u64) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path().join("disk");
        fs::create_dir(&at).unwrap();
        let image = folder.path().join("image");
        let mounted = match kind {
            "ext4" => {
                fs::File::create(&image).unwrap().set_len(size << 20).unwrap();
                run("mkfs.ext4", &["-q", path(&image)])
                    && run("mount", &["-o", "loop", path(&image), path(&at)])
            }
            _ => {
                let size = format!("size={size}m");
                run("mount", &["-t", "tmpfs", "-o", &size, "tmpfs", path(&at)])
            }
        };
        if !mounted {
            eprintln!(
                "SKIPPED: {kind} can't be mounted here, so no disk gets full (it takes root)"
            );
            return None;
        }
        Some(Self { folder })
    }

    /// Where it is.
    pub(crate) fn at(&self) -> PathBuf {
        self.folder.path().join("disk")
    }

    /// Takes all room, to the last byte.
    pub(crate) fn fill(&self) {
        let mut filler = fs::File::create(self.at().join("filler")).unwrap();
        for size in [1 << 20, 4096, 1] {
            while std::io::Write::write_all(&mut filler, &vec![7; size]).is_ok() {}
        }
    }

    /// Gives it back.
    pub(crate) fn free(&self) {
        fs::remove_file(self.at().join("filler")).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        run("umount", &["--lazy", path(&self.at())]);
    }
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn run(program: &str, arguments: &[&str]) -> bool {
    Command::new(program).args(arguments).output().is_ok_and(|output| output.status.success())
}
