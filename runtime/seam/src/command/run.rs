//! `run`: one unit in this process, from its start to its drained end.

use std::{pin::pin, process::ExitCode, sync::Arc};

use super::{
    Failure, Program, Unit,
    control::{self, ControlSocket},
    parent::{ORPHAN_DRAIN, Tie},
    signals::StopSignals,
};
use crate::config::{Config, UnitLayout};

/// Runs the unit until it is asked to stop, then lets it finish what is in flight.
pub(super) async fn run(
    program: impl Program,
    config: Config,
    layout: UnitLayout,
    tie: Option<&mut Tie>,
) -> Result<ExitCode, Failure> {
    let mut signals = StopSignals::catch().map_err(Failure::other)?;
    let orphaned = async {
        match tie {
            Some(tie) => tie.orphaned().await,
            None => std::future::pending().await,
        }
    };
    let mut orphaned = pin!(orphaned);
    let socket = ControlSocket::bind(&config.app.data, &layout.unit).map_err(Failure::other)?;
    let drain = config.app.drain;
    let started = tokio::select! {
        started = program.start(config, layout) => started,
        // What has started so far is dropped, which ends it.
        () = signals.asked() => return Ok(ExitCode::SUCCESS),
        () = &mut orphaned => return Ok(ExitCode::SUCCESS),
    };
    let unit = Arc::new(started.map_err(Failure::other)?);
    let mut alone = false;
    tokio::select! {
        () = control::serve(&socket, unit.clone()) => {}
        () = signals.asked() => {}
        () = &mut orphaned => alone = true,
    }
    let drain = if alone { drain.min(ORPHAN_DRAIN) } else { drain };
    let hurried = async {
        if !alone {
            orphaned.await;
        }
        tokio::time::sleep(ORPHAN_DRAIN).await;
    };
    tokio::select! {
        () = unit.stop(drain) => {}
        () = hurried => tracing::warn!("up has gone: what was in flight is left undone"),
    }
    Ok(ExitCode::SUCCESS)
}
