//! `shop admin`: a listener for units that were started singly.

use std::process::ExitCode;

use super::{
    super::{Failure, Program, print, signals::StopSignals},
    listener::Opening,
    units::App,
};
use crate::config::Config;

/// What its listener is called, as no unit is.
pub(in crate::command) const ADMIN: &str = "admin+";

/// Serves until it is told to stop.
pub(in crate::command) async fn serve<P: Program>(
    config: &Config,
    app: App<P>,
) -> Result<ExitCode, Failure> {
    let mut signals = StopSignals::catch(true).map_err(Failure::other)?;
    let Some(opening) = Opening::take(config, ADMIN)? else {
        return Err(Failure::usage(
            "`listen` of [admin] is empty: there is no admin listener\n  \
             fix: say where it is to be: SEAM__ADMIN__LISTEN=127.0.0.1:7070",
        ));
    };
    let name = &config.app.name;
    let line = format!(
        "{name} is seen at http://{}/  (a login link: {name} dashboard, stop: Ctrl-C)",
        opening.address()?
    );
    let _listener = opening.serve(config, app)?;
    print(line)?;
    signals.asked().await;
    Ok(ExitCode::SUCCESS)
}
