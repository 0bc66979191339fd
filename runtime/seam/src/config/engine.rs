//! What `engine` and `url` of `[store]`, `[registry]` and `[bus]` have in common.

use super::{reader::Reader, url::ServerUrl, value::Choice};

/// A choice of what does something, of which some work by a server and some need a feature.
pub(super) trait Engine: Choice {
    /// The feature that an app must be built with for it, if it isn't.
    fn lacks(self) -> Option<&'static str>;

    /// How a url of its server begins, and where that is if nobody says so; `None` if it has none.
    fn server(self) -> Option<(&'static str, &'static str)> {
        None
    }

    /// What is wrong with a url where it has no server, and what to do.
    fn has_no_server() -> Result<(), (String, String)> {
        Ok(())
    }
}

/// Reads `engine`.
pub(super) fn read_engine<E: Engine>(reader: &mut Reader<'_>, default: E) -> E {
    reader.checked("engine", default, |engine| match engine.lacks() {
        None => Ok(()),
        Some(feature) => Err((
            format!("this app was built without the engine `{feature}`"),
            format!("add the feature \"{feature}\" of `seam` in Cargo.toml, and build it again"),
        )),
    })
}

/// Reads `url`: the engine's usual one, if nobody says so.
pub(super) fn read_url<E: Engine>(reader: &mut Reader<'_>, engine: E) -> ServerUrl {
    let url =
        reader.checked("url", ServerUrl::default(), |url: &ServerUrl| match engine.server() {
            _ if url.is_empty() => Ok(()),
            None => E::has_no_server(),
            Some((scheme, _)) if url.is_of(scheme) => Ok(()),
            Some((_, usual)) => {
                let name =
                    E::ALL.iter().find(|(_, known)| *known == engine).map_or("", |(name, _)| name);
                Err((
                    format!("`url` is none of the engine `{name}`"),
                    format!("use e.g. {usual:?}"),
                ))
            }
        });
    match engine.server() {
        Some((_, usual)) if url.is_empty() => ServerUrl::new(usual),
        _ => url,
    }
}
