//! `certs`: a CA for development, and a certificate for each unit.
//!
//! Nothing that is there is written over, unless new certificates are asked for; the CA never is. Each
//! file appears as a whole, and running units take theirs within a second.

mod issue;

use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use seam_wire::{CertificateError, Tls};

use self::issue::{Authority, Issued};
use super::Failure;
use crate::config::Config;

/// What is only its owner's to read.
const SECRET: u32 = 0o600;
const OPEN: u32 = 0o644;

/// Makes what is missing in `folder`, or with `renew` a new certificate for each unit; says what was
/// done, and what to do next.
pub(super) fn certs(
    config: &Config,
    program: &str,
    folder: Option<PathBuf>,
    renew: bool,
) -> Result<String, Failure> {
    let configured = config.tls.as_ref().map(|tls| tls.dir.clone());
    let folder = folder.or_else(|| configured.clone()).unwrap_or_else(|| "certs".into());
    if config.units.iter().any(|unit| unit.name == "ca") {
        let why = "the certificate of unit `ca` would lie in ca.pem, which is the CA's";
        return Err(Failure::usage(format!("{why}\n  fix: call the unit something else")));
    }
    let failed = |error: io::Error| Failure::other(format!("{}: {error}", folder.display()));
    fs::create_dir_all(&folder).map_err(failed)?;
    let mut said = String::new();
    let authority = authority(config, &folder, &mut said)?;
    for unit in &config.units {
        let certificate = folder.join(format!("{}.pem", unit.name));
        let key = folder.join(format!("{}.key", unit.name));
        let shown = format!("{}, {}.key", certificate.display(), unit.name);
        let what = match (certificate.exists(), key.exists()) {
            (true, true) if !renew => "kept",
            (false, false) => "made",
            _ if renew => "renewed",
            _ => {
                return Err(Failure::other(format!(
                    "{} and {} are a pair, and one of them is missing\n  \
                     fix: `{program} certs --renew` makes both anew",
                    certificate.display(),
                    key.display()
                )));
            }
        };
        if what != "kept" {
            let authority = authority.as_ref().ok_or_else(|| no_key(program, &folder))?;
            let issued = authority.issue(&config.app.name, &unit.name).map_err(Failure::other)?;
            write_pair(&issued, &certificate, &key).map_err(failed)?;
        }
        let _ = writeln!(said, "{shown:<36} {what}");
    }
    for unit in &config.units {
        usable(config, program, &folder, &unit.name)
            .map_err(|why| Failure::other(said.clone() + &why))?;
    }
    said += &next(config, program, &folder, configured.as_deref());
    Ok(said)
}

/// Whether what lies there now can be used, whoever has put it there.
fn usable(config: &Config, program: &str, folder: &Path, unit: &str) -> Result<(), String> {
    let Err(error) = Tls::open(folder, &config.app.name, unit) else { return Ok(()) };
    let fix = match &error {
        CertificateError::Expired { path, .. } if path.ends_with("ca.pem") => format!(
            "take ca.pem and ca.key away, and run `{program} certs --renew`; then all units need \
             their new files at once"
        ),
        _ => format!("`{program} certs --renew` makes new ones"),
    };
    Err(format!("\n{error}\n  fix: {fix}"))
}

/// The CA in the folder, made if there is none; `None` if its key isn't there.
fn authority(
    config: &Config,
    folder: &Path,
    said: &mut String,
) -> Result<Option<Authority>, Failure> {
    let (certificate, key) = (folder.join("ca.pem"), folder.join("ca.key"));
    let shown = format!("{}, ca.key", certificate.display());
    let failed = |path: &Path, why: &dyn std::fmt::Display| {
        Failure::other(format!("{}: {why}", path.display()))
    };
    match (certificate.exists(), key.exists()) {
        (false, false) => {
            let (authority, made) = Authority::make(&config.app.name).map_err(Failure::other)?;
            write_pair(&made, &certificate, &key).map_err(|error| failed(folder, &error))?;
            let _ =
                writeln!(said, "{shown:<36} made: a CA for development; keep its key to yourself");
            Ok(Some(authority))
        }
        (true, true) => {
            let read = |path: &Path| fs::read_to_string(path).map_err(|error| failed(path, &error));
            let authority = Authority::read(&read(&certificate)?, &read(&key)?);
            let authority = authority.map_err(|error| failed(&certificate, &error))?;
            let _ = writeln!(said, "{shown:<36} kept");
            Ok(Some(authority))
        }
        (true, false) => {
            let _ = writeln!(said, "{shown:<36} kept: its key isn't here");
            Ok(None)
        }
        (false, true) => Err(Failure::other(format!(
            "{} is there, and its certificate {} isn't\n  fix: bring it back, or take the key away",
            key.display(),
            certificate.display()
        ))),
    }
}

fn no_key(program: &str, folder: &Path) -> Failure {
    Failure::other(format!(
        "{} isn't there, and without it the CA signs nothing\n  fix: run `{program} certs` where \
         the CA was made, and bring the units' files from there",
        folder.join("ca.key").display()
    ))
}

fn next(config: &Config, program: &str, folder: &Path, configured: Option<&Path>) -> String {
    let shown = folder.display();
    let take = match configured {
        Some(dir) if dir == folder => "Units that run take what is new within a second.".to_owned(),
        _ => format!(
            "Next: add this to app.toml, and start all units anew:\n\n[tls]\ndir = \"{shown}\""
        ),
    };
    let unit = config.units.first().map_or("UNIT", |unit| unit.name.as_str());
    format!(
        "\n{take}\n\nA unit on another host needs {shown}/ca.pem and its own two files, e.g. {unit}.pem \
         and\n{unit}.key. ca.key stays here: whoever has it can be any unit. `{program} check` says what \
         is wrong."
    )
}

/// Writes a certificate and its key, each as a whole. The key is first, so that who looks in between
/// finds a pair that doesn't fit, and looks again.
fn write_pair(issued: &Issued, certificate: &Path, key: &Path) -> io::Result<()> {
    let new = [
        (draft(key), SECRET, &issued.key, key),
        (draft(certificate), OPEN, &issued.certificate, certificate),
    ];
    for (draft, mode, text, _) in &new {
        // One that was left lying has whichever rights.
        match fs::remove_file(draft) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file: File =
            OpenOptions::new().write(true).create_new(true).mode(*mode).open(draft)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
    }
    new.iter().try_for_each(|(draft, .., path)| fs::rename(draft, path))
}

/// The name of a file until it is whole.
fn draft(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    path.with_file_name(name)
}
