//! A file system in a file: one that gets full, and one whose power is cut.
//!
//! Making one takes root, loop devices and `mkfs.ext4`.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};
use tempfile::TempDir;

/// A mounted file system. Dropped, it is unmounted and gone.
#[derive(Debug)]
pub(crate) struct Disk {
    folder: TempDir,
}

impl Disk {
    /// A new, empty one of so many MiB.
    pub(crate) fn new(mib: u64) -> anyhow::Result<Self> {
        let disk = Self { folder: tempfile::tempdir()? };
        File::create(disk.image())?.set_len(mib << 20)?;
        let image = disk.image().display().to_string();
        run("mkfs.ext4", &["-q", "-F", "-m", "0", &image])?;
        disk.mount()?;
        Ok(disk)
    }

    /// What is there if the power fails now: what was handed to the device, and nothing of what is in
    /// memory alone. Whoever writes has to stand still meanwhile, for a device stops all at once.
    pub(crate) fn cut(&self) -> anyhow::Result<Self> {
        let cut = Self { folder: tempfile::tempdir()? };
        fs::copy(self.image(), cut.image()).context("copying the image")?;
        Ok(cut)
    }

    /// Mounts one that was cut: the file system recovers.
    pub(crate) fn mount(&self) -> anyhow::Result<()> {
        fs::create_dir_all(self.at())?;
        let (image, at) = (self.image().display().to_string(), self.at().display().to_string());
        run("mount", &["-o", "loop", &image, &at])
    }

    /// Where it is mounted.
    pub(crate) fn at(&self) -> PathBuf {
        self.folder.path().join("at")
    }

    /// Takes all room, to the last byte.
    pub(crate) fn fill(&self) -> anyhow::Result<()> {
        let mut filler = File::create(self.filler())?;
        for size in [1 << 20, 4096, 1] {
            while filler.write_all(&vec![7; size]).is_ok() {}
        }
        // What is only promised by then is taken as well.
        let _ = filler.sync_all();
        Ok(())
    }

    /// Gives it back.
    pub(crate) fn free(&self) -> anyhow::Result<()> {
        Ok(fs::remove_file(self.filler())?)
    }

    fn filler(&self) -> PathBuf {
        self.at().join("filler")
    }

    fn image(&self) -> PathBuf {
        self.folder.path().join("image")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        if is_mounted(&self.at()) {
            // Somebody may still have a file there.
            let _ = run("umount", &["--lazy", &self.at().display().to_string()]);
        }
    }
}

fn is_mounted(at: &Path) -> bool {
    let mounts = fs::read_to_string("/proc/mounts").unwrap_or_default();
    let at = at.display().to_string();
    mounts.lines().any(|line| line.split(' ').nth(1) == Some(&at))
}

fn run(program: &str, arguments: &[&str]) -> anyhow::Result<()> {
    let output = Command::new(program).args(arguments).output();
    let output = output.with_context(|| format!("starting {program}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("{program} {arguments:?}: {said} (it takes root, loop devices and e2fsprogs)");
    }
    Ok(())
}
