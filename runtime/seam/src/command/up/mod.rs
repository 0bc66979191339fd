//! `up`: the units of a topology as processes side by side.

mod child;
mod lines;
mod restart;

use std::{ffi::OsString, io, path::PathBuf, process::ExitCode, time::Duration};

use tokio::{sync::watch, task::JoinSet};

use self::{
    child::{Child, Ended},
    lines::Prefix,
};
use super::colour;

/// What to start and how to end it.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    /// The program, usually this one.
    pub(super) program: PathBuf,
    /// Each unit and the arguments that start it, in order.
    pub(super) units: Vec<(String, Vec<OsString>)>,
    /// How long a unit may take to stop before it is killed.
    pub(super) patience: Duration,
    /// Whether log lines are JSON objects.
    pub(super) json: bool,
}

/// Starts every unit and keeps it running until `stop` is done; then ends them all.
///
/// Ends at once with exit code 2 if a unit does so at its first start: its config is wrong.
///
/// # Errors
/// A unit's process can't be started at all.
pub(super) async fn up(plan: Plan, stop: impl Future<Output = ()>) -> io::Result<ExitCode> {
    let width = plan.units.iter().map(|(unit, _)| unit.len()).max().unwrap_or(0).max(2);
    let colour = colour::wanted();
    let (stopping, stopped) = watch::channel(false);
    let mut units = JoinSet::new();
    for (index, (unit, args)) in plan.units.into_iter().enumerate() {
        let prefix = match plan.json {
            true => Prefix::Json(unit),
            false => Prefix::text(&unit, index, width, colour),
        };
        let (program, patience) = (plan.program.clone(), plan.patience);
        units.spawn_local(Child { program, args, prefix, patience }.keep(stopped.clone()));
    }
    let mut code = ExitCode::SUCCESS;
    let mut failure = None;
    tokio::pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop, if !*stopping.borrow() => {
                let _ = stopping.send(true);
            }
            ended = units.join_next() => match ended {
                None => break,
                Some(Ok(Ok(Ended::Stopped))) => {}
                Some(Ok(Ok(Ended::BadConfig))) => {
                    code = ExitCode::from(2);
                    let _ = stopping.send(true);
                }
                Some(Ok(Err(error))) => {
                    failure = Some(error);
                    let _ = stopping.send(true);
                }
                Some(Err(panic)) => {
                    failure = Some(io::Error::other(panic));
                    let _ = stopping.send(true);
                }
            }
        }
    }
    failure.map_or(Ok(code), Err)
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path, time::Instant};

    use tokio::{
        sync::oneshot,
        task::LocalSet,
        time::{sleep, timeout},
    };

    use super::*;

    /// Units that are shell scripts; `$0` is a file to report to.
    fn plan(file: &Path, scripts: &[&str]) -> Plan {
        let unit = |(index, script): (usize, &&str)| {
            let args = ["-c".into(), script.into(), file.into()];
            (format!("unit{index}"), args.into())
        };
        Plan {
            program: "/bin/sh".into(),
            units: scripts.iter().enumerate().map(unit).collect(),
            patience: Duration::from_secs(10),
            json: false,
        }
    }

    /// Runs `up` until `enough` of the file's text; gives the exit code.
    async fn until(
        scripts: &[&str],
        enough: impl Fn(&str) -> bool,
    ) -> (io::Result<ExitCode>, String) {
        until_with(Duration::from_secs(10), scripts, enough).await
    }

    async fn until_with(
        patience: Duration,
        scripts: &[&str],
        enough: impl Fn(&str) -> bool,
    ) -> (io::Result<ExitCode>, String) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let plan = Plan { patience, ..plan(&file, scripts) };
        let running = LocalSet::new();
        let up = up(plan, async { stopped.await.unwrap_or(()) });
        let watch = async {
            while !enough(&fs::read_to_string(&file).unwrap()) {
                sleep(Duration::from_millis(5)).await;
            }
            let _ = stop.send(());
            std::future::pending().await
        };
        let patience = Duration::from_secs(20);
        let up = running.run_until(async {
            tokio::select! { code = up => code, () = watch => unreachable!() }
        });
        let code = timeout(patience, up).await.expect("it took too long");
        (code, fs::read_to_string(&file).unwrap())
    }

    fn same(code: io::Result<ExitCode>, expected: ExitCode) {
        assert_eq!(format!("{:?}", code.unwrap()), format!("{expected:?}"));
    }

    #[tokio::test]
    async fn a_unit_that_dies_is_started_again_and_its_neighbour_lives() {
        let dies = "echo died >> $0; kill -9 $$";
        let lives = "echo lives >> $0; trap 'exit 0' TERM; while :; do sleep 0.01; done";
        let (code, text) = until(&[dies, lives], |text| text.matches("died").count() >= 3).await;
        same(code, ExitCode::SUCCESS);
        assert_eq!(text.matches("lives").count(), 1, "{text}");
    }

    #[tokio::test]
    async fn units_end_in_their_own_time_and_the_exit_code_is_0() {
        let script = "trap 'echo done >> $0; exit 0' TERM; echo up >> $0; \
                      while :; do sleep 0.01; done";
        let (code, text) = until(&[script, script], |text| text.matches("up").count() == 2).await;
        same(code, ExitCode::SUCCESS);
        assert_eq!(text.matches("done").count(), 2, "{text}");
    }

    #[tokio::test]
    async fn a_unit_that_does_not_stop_is_killed_with_its_children() {
        let script = "trap '' TERM; sleep 60 & echo $! >> $0; echo up >> $0; wait; wait; sleep 60";
        let (begun, short) = (Instant::now(), Duration::from_millis(50));
        let (code, text) = until_with(short, &[script], |text| text.contains("up")).await;
        same(code, ExitCode::SUCCESS);
        assert!(begun.elapsed() < Duration::from_secs(20));
        let grandchild = text.lines().next().unwrap();
        let state = fs::read_to_string(format!("/proc/{grandchild}/stat"));
        // Gone, or dead and not yet fetched by whoever inherits it.
        assert!(state.is_err() || state.unwrap().contains(") Z "), "it lives on");
    }

    #[tokio::test]
    async fn a_wrong_config_ends_them_all_with_2() {
        let lives = "trap 'exit 0' TERM; while :; do sleep 0.01; done";
        let (code, _) = until(&["exit 2", lives], |_| false).await;
        same(code, ExitCode::from(2));
    }

    #[tokio::test]
    async fn a_program_that_is_not_there() {
        let program = PathBuf::from("/no/such/program");
        let plan = Plan { program, ..plan(Path::new("x"), &[""]) };
        let running = LocalSet::new();
        let error = running.run_until(up(plan, std::future::pending())).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }
}
