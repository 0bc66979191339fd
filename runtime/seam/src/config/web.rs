//! What browsers and caches are told: `[edge.cors]`, `[edge.cache]`, `[edge.files]`.

use std::{path::PathBuf, time::Duration};

use seam_gateway::Cors;

use super::reader::Reader;

/// `[edge.cors]`: which pages of other origins may read what the edge answers.
///
/// ```toml
/// [edge.cors]
/// origins = ["https://app.example.com"]
/// credentials = false
/// max_age = "10m"
/// ```
#[derive(Clone, Debug)]
pub struct CorsConfig {
    /// `origins`: as browsers send them, `"https://app.example.com"`; `"*"` stands for all.
    /// Default: none.
    pub origins: Vec<String>,
    /// `credentials`: whether their requests may carry cookies; then every origin is named.
    /// Default: `false`.
    pub credentials: bool,
    /// `max_age`: for how long a browser needn't ask again what it may send. Default: `10m`.
    pub max_age: Duration,
}

/// Reads `[edge.cors]`.
pub(super) fn read_cors(mut reader: Reader<'_>) -> CorsConfig {
    let origins = reader.checked("origins", Vec::new(), |origins: &Vec<String>| {
        origins.iter().try_for_each(|origin| known(origin))
    });
    let cors = CorsConfig {
        origins: origins
            .iter()
            .map(|origin| Cors::origin(origin).unwrap_or_else(|| origin.clone()))
            .collect(),
        credentials: reader.value("credentials", false),
        max_age: reader.value("max_age", Duration::from_secs(600)),
    };
    reader.finish();
    cors
}

/// Whether that is an origin.
fn known(origin: &str) -> Result<(), (String, String)> {
    if origin == Cors::ANY || Cors::origin(origin).is_some() {
        return Ok(());
    }
    let reason = format!("`{origin}` is no origin: a scheme, a host and perhaps a port");
    let host = origin.split("://").last().unwrap_or_default().split('/').next().unwrap_or_default();
    let scheme = if origin.starts_with("http://") { "http" } else { "https" };
    let meant = Cors::origin(&format!("{scheme}://{host}"));
    Err((
        reason,
        format!("write \"{}\"", meant.unwrap_or_else(|| "https://app.example.com".into())),
    ))
}

/// Reads `[edge.cache]`: for how long answers of methods are kept.
pub(super) fn read_cache(reader: Reader<'_>) -> Vec<(String, Duration)> {
    reader.values()
}

/// Reads `[edge.files]`: which folders are shown below which paths.
pub(super) fn read_files(reader: Reader<'_>) -> Vec<(String, PathBuf)> {
    for prefix in reader.names() {
        if let Err(fix) = is_prefix(prefix) {
            let reason = format!("`{prefix}` is no path that files can be below");
            reader.refuse(prefix, reason, fix);
        }
    }
    reader.values()
}

fn is_prefix(prefix: &str) -> Result<(), String> {
    let plain = |c: char| c.is_ascii_graphic() && !"\"%\\?#{}*".contains(c);
    let segments = prefix.trim_start_matches('/').trim_end_matches('/');
    let sound = segments.is_empty()
        || segments.split('/').all(|segment| !segment.is_empty() && !segment.starts_with('.'));
    if prefix.starts_with('/') && !prefix.starts_with("//") && prefix.chars().all(plain) && sound {
        return Ok(());
    }
    Err("write whole segments of a path, such as \"/\" or \"/docs\"".into())
}
