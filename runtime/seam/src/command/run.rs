//! `run`: one unit in this process, from its start to its drained end.

use std::{
    pin::pin,
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::time::sleep;

use super::{
    Failure, Program, Unit,
    admin::{App, Listener, Opening},
    args::RunArgs,
    control::{self, ControlSocket, connect, socket_of},
    logs::Logs,
    parent::{ORPHAN_DRAIN, Tie},
    ready::{self, stopping},
    reloading::{Beginning, Reloading},
    signals::StopSignals,
};
use crate::{
    config::{Config, LayoutError, UnitLayout},
    unit::EdgeSockets,
};

/// How often to look whether the unit is ready by now.
const PERIOD: Duration = Duration::from_millis(50);
/// After so long it says what it waits for.
const SILENCE: Duration = Duration::from_secs(3);

/// What is asked for. A unit that is in several topologies, none of which is named, is one of the
/// topology whose `up` runs on this data folder.
pub(super) async fn layout(config: &Config, args: &RunArgs) -> Result<UnitLayout, LayoutError> {
    let (topology, unit) = (args.topology.as_deref(), args.unit.as_deref());
    let layout = config.layout_of(topology, unit, args.instance);
    let Err(LayoutError::SeveralTopologies { topologies, .. }) = &layout else { return layout };
    let mut running = Vec::new();
    for topology in topologies {
        if let Ok(Some(_)) = connect(&config.app.data, &socket_of(topology)).await {
            running.push(topology);
        }
    }
    match running[..] {
        [only] => config.layout_of(Some(only), unit, args.instance),
        _ => layout,
    }
}

/// Runs the unit until it is asked to stop, then lets it finish what is in flight. An admin listener
/// shows it as `seen`, if that isn't another process's to do.
pub(super) async fn run(
    program: impl Program,
    beginning: Beginning,
    layout: UnitLayout,
    edge: EdgeSockets,
    tie: Option<&mut Tie>,
    logs: &Logs,
    seen: Option<App<impl Program>>,
) -> Result<ExitCode, Failure> {
    let config = beginning.config.clone();
    // Within `up`, a second signal is the kernel's news of `up`'s end; `up` itself would kill.
    let mut signals = StopSignals::catch(tie.is_none()).map_err(Failure::other)?;
    // Whether the app is ready is `up`'s to say then, too.
    let app = tie.is_none().then(|| config.app.name.clone());
    let orphaned = async {
        match tie {
            Some(tie) => tie.orphaned().await,
            None => std::future::pending().await,
        }
    };
    let mut orphaned = pin!(orphaned);
    let socket =
        ControlSocket::bind(&config.app.data, &layout.process()).map_err(Failure::other)?;
    let _listener: Option<Listener> = match seen {
        Some(seen) => {
            let opening = Opening::take(&config, &layout.process())?;
            opening.map(|opening| opening.serve(&config, seen)).transpose()?
        }
        None => None,
    };
    let drain = config.app.drain;
    let (mut told, mut alone) = (false, false);
    let mut start = pin!(program.start(config, layout, edge));
    let started = tokio::select! {
        started = &mut start => Some(started),
        () = signals.asked() => { told = true; None }
        () = &mut orphaned => { alone = true; None }
    };
    let started = match started {
        Some(started) => started,
        // Databases are being opened: to close them in order takes less than to recover them.
        None => tokio::select! {
            started = start => started,
            () = sleep(if alone { ORPHAN_DRAIN } else { drain }) => return Ok(ExitCode::SUCCESS),
            () = signals.asked(), if app.is_some() => return Ok(ExitCode::FAILURE),
        },
    };
    let unit = match started {
        Err(_) if told || alone => return Ok(ExitCode::SUCCESS),
        started => Arc::new(started?),
    };
    logs.export_by(unit.export());
    let counted = logs.clone();
    unit.count_lines(Box::new(move || counted.dropped()));
    let reloading = Arc::new(Reloading::new(unit.clone(), beginning));
    let mut serving = pin!(control::serve(&socket, unit.clone(), reloading.clone(), logs));
    if !told && !alone {
        tokio::select! {
            never = &mut serving => match never {},
            () = announce(&*unit, app.as_deref()) => {}
            () = reloading.watch(signals.hangups()) => {}
            () = signals.asked() => {}
            () = &mut orphaned => alone = true,
        }
    }
    let drain = if alone { drain.min(ORPHAN_DRAIN) } else { drain };
    match app {
        Some(_) => tracing::info!("{}", stopping(drain)),
        None => tracing::info!("stopping"),
    }
    let hurried = async {
        if !alone {
            orphaned.await;
        }
        sleep(ORPHAN_DRAIN).await;
    };
    tokio::select! {
        () = unit.stop(drain) => tracing::info!("stopped"),
        // Who asks is told that it stops, and `up`, that it lives.
        never = &mut serving => match never {},
        () = hurried => tracing::warn!("up has gone: what was in flight is left undone"),
        () = signals.asked(), if app.is_some() => {
            tracing::warn!("told to stop again: what was in flight is left undone");
            return Ok(ExitCode::FAILURE);
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Says once that the unit is ready, and before that, if it takes long, what it waits for; `app`
/// is the app's name if the unit is all there is of it. Never done.
async fn announce(unit: &impl Unit, app: Option<&str>) {
    let mut quiet_until = Some(Instant::now() + SILENCE);
    loop {
        let status = unit.status().await;
        if status.ready {
            match app {
                Some(app) => tracing::info!("{}", ready::line(app, [&status])),
                None => tracing::info!("ready"),
            }
            return std::future::pending().await;
        }
        if quiet_until.is_some_and(|until| Instant::now() >= until) {
            let waits_for = status.reason.unwrap_or_default();
            tracing::warn!(waits_for, "not ready yet");
            quiet_until = None;
        }
        sleep(PERIOD).await;
    }
}
