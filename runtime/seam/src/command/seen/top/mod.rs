//! `top`: which methods are called most now, how long they take, and how they fail.

mod rows;
mod show;
mod view;

use std::{
    io::{self, Write as _},
    path::Path,
    pin::pin,
    time::{Duration, Instant},
};

use seam_telemetry::Snapshot;
use serde_json::json;
use tokio::time::sleep;

pub(in crate::command) use self::rows::Sort;
use self::{
    rows::{Row, arranged, rows},
    view::View,
};
use super::{
    super::{
        Failure,
        status::nothing_runs,
        terminal::{Interrupts, Screen},
    },
    asking::{counts, names},
};
use crate::config::Config;

/// Over so long.
const PERIOD: Duration = Duration::from_secs(1);

/// What `top` shows.
#[derive(Clone, Debug)]
pub(in crate::command) struct Asked {
    /// Once, and not again and again.
    pub(in crate::command) once: bool,
    pub(in crate::command) json: bool,
    pub(in crate::command) sort: Sort,
    /// Only methods with this in their name.
    pub(in crate::command) filter: Option<String>,
}

/// `top`: shows what `asked` says, until nobody reads it any more.
pub(in crate::command) async fn top(config: &Config, asked: &Asked) -> Result<(), Failure> {
    match !asked.once && !asked.json && Screen::is_there() {
        true => watch(config, asked).await,
        false => print(config, asked).await,
    }
}

/// Prints it once, or again and again.
async fn print(config: &Config, asked: &Asked) -> Result<(), Failure> {
    let data = &config.app.data;
    let mut before = Look::now(data).await;
    loop {
        sleep(PERIOD).await;
        let now = Look::now(data).await;
        if now.counts.is_empty() {
            return Err(Failure::other(nothing_runs(config)));
        }
        let filter = asked.filter.as_deref().unwrap_or_default();
        let rows = arranged(&now.rows_since(&before), asked.sort, false, filter);
        let mut out = io::stdout().lock();
        let written = match (asked.json, asked.once) {
            (true, _) => writeln!(out, "{}", json!(rows)),
            (false, true) => writeln!(out, "{}", show::text(&rows)),
            (false, false) => writeln!(out, "{}\n", show::text(&rows)),
        };
        match written.and_then(|()| out.flush()) {
            Ok(()) if !asked.once => {}
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                return Err(Failure::other(error));
            }
            _ => return Ok(()),
        }
        drop(out);
        before = now;
    }
}

/// Draws it on the terminal, and goes by the keys that are pressed there.
async fn watch(config: &Config, asked: &Asked) -> Result<(), Failure> {
    let data = &config.app.data;
    let mut before = Look::now(data).await;
    if before.counts.is_empty() {
        return Err(Failure::other(nothing_runs(config)));
    }
    let mut view = View::new(&config.app.name, asked);
    let mut interrupts = Interrupts::catch(Screen::LEAVE).map_err(Failure::other)?;
    let mut screen = Screen::open().map_err(Failure::other)?;
    loop {
        let mut next = pin!(async {
            sleep(PERIOD).await;
            Look::now(data).await
        });
        // Keys are heard at once, whatever is looked at meanwhile.
        let now = loop {
            screen.draw(&view.lines(screen.size())).map_err(Failure::other)?;
            let keys = tokio::select! {
                now = &mut next => break now,
                keys = screen.pressed() => keys,
                () = interrupts.next() => None,
            };
            let Some(keys) = keys else { return Ok(()) };
            if keys.into_iter().any(|key| !view.press(key)) {
                return Ok(());
            }
        };
        view.take(now.rows_since(&before), now.counts.len());
        before = now;
    }
}

/// What units have counted at a moment.
struct Look {
    counts: Vec<Snapshot>,
    at: Instant,
}

impl Look {
    async fn now(data: &Path) -> Self {
        Self { counts: counts(data, &names(data)).await, at: Instant::now() }
    }

    fn rows_since(&self, before: &Self) -> Vec<Row> {
        let seconds = self.at.duration_since(before.at).as_secs_f64();
        rows(&before.counts, &self.counts, seconds)
    }
}
