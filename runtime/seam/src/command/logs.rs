//! Logs, to standard error: lines for people, or JSON on request.

use std::io;

use tracing_subscriber::EnvFilter;

use super::colour;
use crate::config::{LogConfig, LogFormat};

/// Starts logging as the config says. A program that embeds the app and logs already goes on as
/// it does.
pub(super) fn start(config: &LogConfig) {
    // The config's check has parsed it before.
    let filter = EnvFilter::try_new(&config.level).unwrap_or_else(|_| EnvFilter::new("info"));
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    let _ = match config.format {
        LogFormat::Text => logs.with_ansi(colour::wanted()).try_init(),
        LogFormat::Json => logs.json().flatten_event(true).try_init(),
    };
}
