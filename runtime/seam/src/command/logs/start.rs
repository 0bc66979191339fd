//! How logging begins.

use std::{
    backtrace::{Backtrace, BacktraceStatus},
    io, panic,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use seam_telemetry::logs::{Keep, LogFile};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::{
    layer::SubscriberExt as _, registry, reload, util::SubscriberInitExt as _,
};

use super::{
    super::output::{Output, loss},
    Level, Logs, Origin,
    filter::{Foreign, filter},
    folder,
    layer::Lines,
};
use crate::config::{Config, UnitLayout};

/// Starts logging as the config says, to what it gives. A program that embeds the app and logs
/// already goes on as it does.
///
/// # Errors
/// The system has no thread or descriptor left.
pub(in crate::command) fn start(config: &Config, layout: &UnitLayout) -> io::Result<(Logs, Level)> {
    let several = layout.instances > 1 || layout.instance > 0;
    let origin = Origin { unit: layout.unit.clone(), instance: several.then_some(layout.instance) };
    let keep = Keep::new(config.log.keep);
    let file = LogFile::new(folder(&config.app.data), layout.process(), keep.clone());
    let console = Output::stderr(Box::new(|dropped| {
        tracing::warn!("{}", loss(dropped));
        None
    }))?;
    let file = origin.output(file)?;
    let logs = Logs { console, file, keep: keep.clone(), origin, export: Arc::default() };

    let level = &config.log.level;
    let detailed = Arc::new(AtomicBool::new(is_detailed(level)));
    let lines = Lines::new(&logs, config.log.format, Arc::clone(&detailed));
    let (wanted, wanted_handle) = reload::Layer::new(filter(level));
    let (foreign, foreign_handle) = reload::Layer::new(Foreign::new(level));
    if registry().with(foreign).with(wanted).with(lines).try_init().is_ok() {
        log_panics();
    }
    let set = move |level: &str| {
        detailed.store(is_detailed(level), Ordering::Relaxed);
        // Who logs by itself has none of them.
        let _ = foreign_handle.reload(Foreign::new(level));
        let _ = wanted_handle.reload(filter(level));
    };
    Ok((logs, Level { set: Box::new(set), keep }))
}

/// Who asks for details wants to know where they come from.
fn is_detailed(level: &str) -> bool {
    filter(level).max_level_hint().is_none_or(|level| level > LevelFilter::INFO)
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
