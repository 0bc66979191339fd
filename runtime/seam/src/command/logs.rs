//! Logs, to standard error: lines for people, or JSON on request. Whoever logs never waits for
//! whoever reads.

use std::{
    backtrace::{Backtrace, BacktraceStatus},
    io, panic, thread,
};

use tracing::level_filters::LevelFilter;
use tracing_subscriber::{EnvFilter, fmt::time::ChronoLocal};

use super::{
    colour,
    output::{Output, loss},
};
use crate::config::{LogConfig, LogFormat};

/// Starts logging as the config says, to what it gives. A program that embeds the app and logs
/// already goes on as it does.
///
/// # Errors
/// The system has no thread or descriptor left.
pub(super) fn start(config: &LogConfig) -> io::Result<(Output, Level)> {
    let filter = filter(&config.level);
    // Who asks for details wants to know where they come from.
    let detailed = filter.max_level_hint().is_none_or(|level| level > LevelFilter::INFO);
    let output = Output::stderr(Box::new(|dropped| {
        tracing::warn!("{}", loss(dropped));
        None
    }))?;
    let lines = output.clone();
    let logs = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(move || lines.clone())
        .log_internal_errors(false);
    let (started, level) = match config.format {
        LogFormat::Text => {
            let logs = logs
                .with_timer(ChronoLocal::new("%H:%M:%S%.3f".into()))
                .with_target(detailed)
                .with_ansi(colour::wanted())
                .with_filter_reloading();
            let handle = logs.reload_handle();
            (logs.try_init(), Level::new(move |level| drop(handle.reload(self::filter(level)))))
        }
        LogFormat::Json => {
            let logs = logs.json().flatten_event(true).with_filter_reloading();
            let handle = logs.reload_handle();
            (logs.try_init(), Level::new(move |level| drop(handle.reload(self::filter(level)))))
        }
    };
    if started.is_ok() {
        log_panics();
    }
    Ok((output, level))
}

/// What is logged, to be changed while the process runs. A program that logs by itself goes on as it
/// does.
pub(super) struct Level(Box<dyn Fn(&str) + Send + Sync>);

impl Level {
    fn new(set: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self(Box::new(set))
    }

    /// Logs at this level from now on.
    pub(super) fn set(&self, level: &str) {
        (self.0)(level);
    }
}

/// A panic is a line of the log: the standard hook would write to standard error itself, and the
/// thread that panics would wait there for a reader that stalls.
fn log_panics() {
    panic::set_hook(Box::new(|panic| {
        let thread = thread::current();
        let thread = thread.name().unwrap_or("<unnamed>");
        let backtrace = Backtrace::capture();
        match backtrace.status() {
            BacktraceStatus::Captured => tracing::error!("thread '{thread}' {panic}\n{backtrace}"),
            _ => tracing::error!("thread '{thread}' {panic}"),
        }
    }));
}

/// What of our dependencies is left out unless the level names them: what they report comes back to who
/// calls them, or tells of nothing that a reader could do anything about.
const QUIET: [(&str, &str); 4] = [
    ("actix", "actix_server=warn,actix_http=warn,"),
    ("lapin", "lapin=off,"),
    ("fjall", "fjall=warn,"),
    ("lsm_tree", "lsm_tree=warn,"),
];

/// What is logged at this level, e.g. `info` or `warn,seam=debug`.
fn filter(level: &str) -> EnvFilter {
    let quiet = QUIET.iter().filter(|(name, _)| !level.contains(name)).map(|(_, quiet)| *quiet);
    let quiet: String = quiet.collect();
    // The config's check has parsed it before.
    EnvFilter::try_new(format!("{quiet}{level}")).unwrap_or_else(|_| EnvFilter::new("info"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dependencies_are_quiet_unless_they_are_named() {
        let all = "lsm_tree=warn,fjall=warn,actix_server=warn,actix_http=warn,lapin=off,debug";
        let directives = |filter: EnvFilter| -> std::collections::BTreeSet<String> {
            filter.to_string().split(',').map(str::to_owned).collect()
        };
        let all = all.split(',').map(str::to_owned).collect();
        assert_eq!(directives(filter("debug")), all);
        let named = directives(filter("info,actix_server=info"));
        assert!(named.contains("actix_server=info") && !named.contains("actix_http=warn"));
        assert_eq!(filter("warn").max_level_hint(), Some(LevelFilter::WARN));
    }
}
