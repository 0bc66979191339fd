//! An app of one who publishes numbers, and one who writes down what it hears: for what is asked of the
//! bus alone.
//!
//! ```text
//! source    publishes
//! sink      subscribes
//! tellers   who have numbers published, and know what they were told of each
//! ```

mod sink;
mod source;
mod tellers;

use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use seam::Running;

pub(crate) use self::sink::{Heard, SinkClient};
pub(crate) use self::source::SourceClient;
pub(crate) use self::tellers::Tellers;

/// How long a unit may take to become ready.
const PATIENCE: Duration = Duration::from_secs(60);

/// A unit for each service, and one that only calls.
pub(crate) const APART: &str = "\
    [units.source]\nservices = [\"source\"]\n\
    [units.sink]\nservices = [\"sink\"]\n\
    [units.caller]\nservices = []\n\
    [topologies]\napart = [\"caller\", \"source\", \"sink\"]\n";

/// A unit for both, and one that only calls.
pub(crate) const TOGETHER: &str = "\
    [units.both]\nservices = [\"source\", \"sink\"]\n\
    [units.caller]\nservices = []\n\
    [topologies]\ntogether = [\"caller\", \"both\"]\n";

/// The app.
pub(crate) fn app() -> seam::App {
    seam::App::new("feed").service::<source::SourceService>().service::<sink::SinkService>()
}

/// Its `app.toml`.
pub(crate) fn config(data: &Path, units: &str) -> String {
    format!("[app]\nname = \"feed\"\ndata = \"{}\"\n{units}", data.display())
}

/// One of its units, in this process, once it is ready.
pub(crate) async fn start(unit: &str, config: String) -> anyhow::Result<Running> {
    let running = app().config_text(config).unit(unit).start().await;
    let running = running.with_context(|| format!("starting `{unit}`"))?;
    running.until_ready(PATIENCE).await.with_context(|| format!("waiting for `{unit}`"))?;
    Ok(running)
}
