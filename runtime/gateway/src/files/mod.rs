//! Folders that an edge shows.
//!
//! A file is found by its path, one segment by one: no name that begins with a dot, and nothing that
//! a link leads out of the folder to. Small ones are read whole, and known by their content; of large
//! ones each piece is read when the client has taken the one before.

mod media;
mod open;
mod range;

use std::path::PathBuf;
use std::sync::Arc;

use percent_encoding::percent_decode_str;

pub(crate) use self::open::{File, Found, open};
pub(crate) use self::range::{Part, part};

/// A folder that an edge shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileFolder {
    /// What paths of its files begin with, such as `/` or `/docs`; whole segments.
    pub prefix: String,
    /// The folder, from where the process works, or from the root.
    pub path: PathBuf,
}

/// A file that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wanted {
    folder: Arc<PathBuf>,
    /// Below the folder.
    segments: Vec<String>,
    /// The path ends with a slash: it is a folder.
    is_folder: bool,
}

impl Wanted {
    /// What a path asks of the folders: of the one whose prefix is the longest.
    pub(crate) fn of(folders: &[FileFolder], path: &str) -> Option<Self> {
        let decoded = percent_decode_str(path).decode_utf8().ok()?;
        if decoded.contains("//") {
            return None;
        }
        let within = |folder: &FileFolder| {
            let rest = decoded.strip_prefix(folder.prefix.trim_end_matches('/'))?;
            (rest.is_empty() || rest.starts_with('/')).then_some(rest.len())
        };
        let (left, folder) = folders
            .iter()
            .filter_map(|folder| Some((within(folder)?, folder)))
            .min_by_key(|(left, _)| *left)?;
        let rest = &decoded[decoded.len() - left..];
        let is_folder = rest.ends_with('/');
        let rest = rest.strip_prefix('/').unwrap_or(rest);
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let segments: Vec<String> = match rest {
            "" => Vec::new(),
            rest => rest.split('/').map(str::to_owned).collect(),
        };
        let folder = Arc::new(folder.path.clone());
        segments.iter().all(|segment| is_shown(segment)).then_some(Self {
            folder,
            segments,
            is_folder,
        })
    }
}

/// Whether a name is one that is shown.
fn is_shown(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with('.')
        && !name.chars().any(|c| c.is_control() || matches!(c, '/' | '\\'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folders() -> Vec<FileFolder> {
        let folder =
            |prefix: &str, path: &str| FileFolder { prefix: prefix.into(), path: path.into() };
        vec![folder("/", "web"), folder("/docs", "book"), folder("/docs/api/", "api")]
    }

    fn wanted(path: &str) -> Option<(String, String, bool)> {
        let Wanted { folder, segments, is_folder } = Wanted::of(&folders(), path)?;
        Some((folder.display().to_string(), segments.join("/"), is_folder))
    }

    #[test]
    fn the_longest_prefix_has_the_file() {
        let of =
            |folder: &str, rest: &str, is_folder| Some((folder.into(), rest.into(), is_folder));
        assert_eq!(wanted("/"), of("web", "", true));
        assert_eq!(wanted("/a/b.js"), of("web", "a/b.js", false));
        assert_eq!(wanted("/a/"), of("web", "a", true));
        assert_eq!(wanted("/docs"), of("book", "", false));
        assert_eq!(wanted("/docs/x"), of("book", "x", false));
        assert_eq!(wanted("/docsx"), of("web", "docsx", false));
        assert_eq!(wanted("/docs/api/x"), of("api", "x", false));
        assert_eq!(wanted("/caf%C3%A9%20x"), of("web", "caf\u{e9} x", false));
        assert_eq!(Wanted::of(&folders()[1..], "/x"), None);
    }

    #[test]
    fn names_with_dots_before_them_are_not_shown() {
        for path in [
            "/.git/config",
            "/.env",
            "/a/.b",
            "/a/..",
            "/../a",
            "/%2e%2e/a",
            "/a/%2e/b",
            "/a//b",
            "/a%5cb",
            "/a\\..\\b",
            "/a%00",
            "/a%0a",
            "/%ff",
            "//",
        ] {
            assert_eq!(wanted(path), None, "{path}");
        }
        assert_eq!(wanted("/a%2f..%2fb"), None, "decoded once, it is a path like any other");
    }
}
