//! Where an issuer's keys are, and how they are fetched from there.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ureq::Agent;
use ureq::http::Uri;

/// The largest set of keys, in bytes.
const LARGEST: u64 = 256 << 10;
/// What fetching it may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// Where an issuer publishes its keys.
#[derive(Clone, PartialEq, Eq)]
pub enum Source {
    /// A URL, which is `https`, or `http` on this machine.
    Url(String),
    /// A file.
    File(PathBuf),
}

/// A text that names no place where keys may be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// Whoever is on the way could put keys of its own there.
    #[error("keys over `http` from another machine may be anybody's")]
    Plain,
    /// It is no URL of a kind that is known.
    #[error("it is neither an `https` URL nor a file")]
    Unknown,
}

impl Source {
    /// Reads `https://…`, `http://` on this machine, `file:PATH` or a path.
    ///
    /// # Errors
    /// What is something else.
    pub fn parse(text: &str) -> Result<Self, SourceError> {
        if let Some(path) = text.strip_prefix("file:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            return if path.is_empty() { Err(SourceError::Unknown) } else { Ok(Self::file(path)) };
        }
        let Some((scheme, _)) = text.split_once("://") else {
            return if text.is_empty() { Err(SourceError::Unknown) } else { Ok(Self::file(text)) };
        };
        let uri: Uri = text.parse().map_err(|_| SourceError::Unknown)?;
        let host = uri.host().filter(|host| !host.is_empty()).ok_or(SourceError::Unknown)?;
        match scheme.to_ascii_lowercase().as_str() {
            "https" => Ok(Self::Url(text.to_owned())),
            "http" if is_here(host) => Ok(Self::Url(text.to_owned())),
            "http" => Err(SourceError::Plain),
            _ => Err(SourceError::Unknown),
        }
    }

    fn file(path: &str) -> Self {
        Self::File(path.into())
    }
}

/// Whether a host is this machine.
fn is_here(host: &str) -> bool {
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    bare.eq_ignore_ascii_case("localhost")
        || bare.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Fetches from one source.
pub(super) enum Fetcher {
    Http(Agent, String),
    File(PathBuf),
}

impl Fetcher {
    pub(super) fn new(source: &Source) -> Self {
        match source {
            Source::File(path) => Self::File(path.clone()),
            Source::Url(url) => Self::Http(agent(url), url.clone()),
        }
    }

    /// The text that is there now. It takes its time.
    pub(super) fn fetch(&self) -> Result<Vec<u8>, String> {
        match self {
            Self::File(path) => read(path).map_err(|error| error.to_string()),
            Self::Http(agent, url) => {
                let mut answer = agent.get(url).call().map_err(|error| error.to_string())?;
                if answer.status() != 200 {
                    return Err(format!("it answers {}", answer.status()));
                }
                let body = answer.body_mut().with_config().limit(LARGEST).read_to_vec();
                body.map_err(|error| error.to_string())
            }
        }
    }
}

fn agent(url: &str) -> Agent {
    let by_tls = url.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https"));
    let config = Agent::config_builder().timeout_global(Some(PATIENCE)).max_idle_connections(0);
    seam_tls::agent(config, by_tls)
}

fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut text = Vec::new();
    File::open(path)?.take(LARGEST + 1).read_to_end(&mut text)?;
    match text.len() as u64 > LARGEST {
        true => Err(std::io::Error::other(format!("it is longer than {LARGEST} bytes"))),
        false => Ok(text),
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(url) => f.write_str(url),
            Self::File(path) => write!(f, "{}", path.display()),
        }
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Source({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_from_where_nobody_can_put_others() {
        for url in [
            "https://id.test/jwks.json",
            "HTTPS://id.test",
            "http://127.0.0.1:81/jwks.json",
            "http://localhost/x",
            "http://[::1]:81/x",
        ] {
            assert_eq!(Source::parse(url), Ok(Source::Url(url.into())), "{url}");
        }
        for (text, path) in
            [("keys.json", "keys.json"), ("file:keys.json", "keys.json"), ("file:///k", "/k")]
        {
            assert_eq!(Source::parse(text), Ok(Source::File(path.into())), "{text}");
        }
        for url in ["http://id.test/x", "http://10.0.0.1/x", "http://localhost.evil/x"] {
            assert_eq!(Source::parse(url), Err(SourceError::Plain), "{url}");
        }
        for text in ["", "file:", "ftp://id.test/x", "https://", "https:// /", "data://x"] {
            assert_eq!(Source::parse(text), Err(SourceError::Unknown), "{text}");
        }
    }

    #[test]
    fn a_file_is_read_up_to_a_size() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.json");
        let fetcher = Fetcher::new(&Source::File(path.clone()));
        assert!(fetcher.fetch().is_err());
        std::fs::write(&path, "{}").unwrap();
        assert_eq!(fetcher.fetch().unwrap(), b"{}");
        std::fs::write(&path, vec![b' '; LARGEST as usize + 1]).unwrap();
        assert!(fetcher.fetch().unwrap_err().contains("longer"));
    }
}
