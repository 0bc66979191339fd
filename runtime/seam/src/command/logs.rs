//! Logs, to standard error: lines for people, or JSON on request.

use std::io;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::{EnvFilter, fmt::time::ChronoLocal};

use super::colour;
use crate::config::{LogConfig, LogFormat};

/// Starts logging as the config says. A program that embeds the app and logs already goes on as
/// it does.
pub(super) fn start(config: &LogConfig) {
    let filter = filter(&config.level);
    // Who asks for details wants to know where they come from.
    let detailed = filter.max_level_hint().is_none_or(|level| level > LevelFilter::INFO);
    // If nobody reads the log any more (`| head`, or `up` was killed), a complaint about that to
    // the same place would panic, in the midst of whatever was logging.
    let logs = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .log_internal_errors(false);
    let _ = match config.format {
        LogFormat::Text => logs
            .with_timer(ChronoLocal::new("%H:%M:%S%.3f".into()))
            .with_target(detailed)
            .with_ansi(colour::wanted())
            .try_init(),
        LogFormat::Json => logs.json().flatten_event(true).try_init(),
    };
}

/// What is logged at this level, e.g. `info` or `warn,seam=debug`. What actix has to say below
/// `warn` is left out unless the level names it.
fn filter(level: &str) -> EnvFilter {
    let quiet = if level.contains("actix") { "" } else { "actix_server=warn,actix_http=warn," };
    // The config's check has parsed it before.
    EnvFilter::try_new(format!("{quiet}{level}")).unwrap_or_else(|_| EnvFilter::new("info"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actix_is_quiet_unless_it_is_named() {
        assert_eq!(filter("debug").to_string(), "actix_server=warn,actix_http=warn,debug");
        assert_eq!(filter("info,actix_server=info").to_string(), "actix_server=info,info");
        assert_eq!(filter("warn").max_level_hint(), Some(LevelFilter::WARN));
    }
}
