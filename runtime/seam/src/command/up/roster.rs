//! All instances that `up` keeps running, and what it is ordered to do with them.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeSet,
    rc::Rc,
    time::Duration,
};

use futures_util::future::join_all;

use super::{
    super::control::{News, Order},
    instance::{Instance, Teller, tell},
    reloader::{InForce, Reloader},
};

/// The instances, in the order of their numbers, unit after unit.
#[derive(Clone)]
pub(super) struct Roster {
    instances: Rc<RefCell<Vec<Instance>>>,
    /// Units that an order is being carried out on.
    busy: Rc<RefCell<BTreeSet<String>>>,
    /// How long a process may take to end before it is killed.
    patience: Rc<Cell<Duration>>,
    /// How the config is taken anew, where there is one.
    reloader: Option<Rc<Reloader>>,
}

/// Holds a unit for one order.
#[derive(Debug)]
struct Held {
    unit: String,
    busy: Rc<RefCell<BTreeSet<String>>>,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.busy.borrow_mut().remove(&self.unit);
    }
}

impl Roster {
    pub(super) fn new(
        instances: Vec<Instance>,
        patience: Duration,
        reloader: Option<Rc<Reloader>>,
    ) -> Self {
        Self {
            instances: Rc::new(RefCell::new(instances)),
            busy: Rc::default(),
            patience: Rc::new(Cell::new(patience)),
            reloader,
        }
    }

    /// The instances that are there now.
    pub(super) fn instances(&self) -> Vec<Instance> {
        self.instances.borrow().clone()
    }

    /// One more.
    pub(super) fn add(&self, instance: Instance) {
        let mut instances = self.instances.borrow_mut();
        let after = instances.iter().rposition(|own| own.unit == instance.unit);
        let at = after.map_or(instances.len(), |last| last + 1);
        instances.insert(at, instance);
    }

    /// One less: it has ended for good.
    pub(super) fn remove(&self, unit: &str, number: u16) {
        self.instances.borrow_mut().retain(|own| own.unit != unit || own.number != number);
    }

    /// How long a process may take to end before it is killed.
    pub(super) fn patience(&self) -> Duration {
        self.patience.get()
    }

    /// From now on it may take so long.
    pub(super) fn be_patient(&self, patience: Duration) {
        self.patience.set(patience);
    }

    /// How many news an order may have: room for them all.
    pub(super) fn room(&self) -> usize {
        self.instances.borrow().len() * 4 + 4
    }

    /// Does what it is ordered, and tells how it comes along.
    pub(super) async fn obey(&self, order: Order, news: &Teller) {
        let instances = self.instances();
        let (unit, instance, restart, one_by_one) = match order {
            Order::Away {} => {
                for away in instances.iter().filter(|instance| instance.is_away()) {
                    tell(news, News::Away { unit: away.unit.clone(), instance: away.number });
                }
                return tell(news, News::Done {});
            }
            Order::Reload {} => return self.reload(news, false).await,
            Order::Settings {} => return self.reload(news, true).await,
            Order::Config {} => {
                if let Some(reloader) = &self.reloader {
                    tell(news, News::Config(reloader.accepted().into()));
                }
                return tell(news, News::Done {});
            }
            Order::Drain { unit, instance } => (unit, instance, false, false),
            Order::Restart { unit, instance, rolling } => (unit, instance, true, rolling),
        };
        let meant = |own: &&Instance| {
            own.unit == unit && instance.is_none_or(|instance| instance == own.number)
        };
        let meant: Vec<&Instance> = instances.iter().filter(meant).collect();
        if meant.is_empty() {
            let name = instance.map_or(unit.clone(), |number| format!("{unit}.{number}"));
            let reason = format!("this `up` doesn't run `{name}`");
            return tell(news, News::Refused { reason });
        }
        let Some(_held) = self.hold(&unit) else {
            let reason = format!("another `drain` or `restart` of unit `{unit}` is under way");
            return tell(news, News::Refused { reason });
        };
        let one = async |instance: &Instance| match restart {
            true => instance.restart(self.patience(), news).await,
            false => instance.drain(self.patience(), news).await,
        };
        if one_by_one {
            let mut rest = meant.iter();
            for instance in rest.by_ref() {
                if one(instance).await.is_err() {
                    break;
                }
            }
            for left in rest {
                tell(news, News::Untouched { unit: left.unit.clone(), instance: left.number });
            }
        } else {
            join_all(meant.iter().map(|instance| one(instance))).await;
        }
        tell(news, News::Done {});
    }

    /// Reads the files anew, or what is set.
    async fn reload(&self, news: &Teller, settings: bool) {
        let Some(reloader) = &self.reloader else {
            return tell(news, News::Refused { reason: "this `up` has no config".into() });
        };
        let taken = match settings {
            true => reloader.settings(self).await,
            false => reloader.reload(self).await,
        };
        tell(
            news,
            match taken {
                Ok(InForce { version, pending, failed }) => {
                    News::InForce { version, pending, failed }
                }
                Err(problems) => News::Invalid { problems },
            },
        );
        tell(news, News::Done {});
    }

    /// Goes by the config file whenever that has changed, and at each of `hangups`; says what comes of
    /// it. Never done.
    pub(super) async fn watch(
        &self,
        hangups: tokio::sync::watch::Receiver<u64>,
        say: &dyn Fn(&str),
    ) {
        match &self.reloader {
            Some(reloader) => reloader.watch(self, hangups, say).await,
            None => std::future::pending().await,
        }
    }

    fn hold(&self, unit: &str) -> Option<Held> {
        let free = self.busy.borrow_mut().insert(unit.to_owned());
        free.then(|| Held { unit: unit.to_owned(), busy: Rc::clone(&self.busy) })
    }
}

#[cfg(test)]
mod tests {
    use std::{
        fs,
        os::unix::fs::PermissionsExt as _,
        path::{Path, PathBuf},
        process::ExitCode,
    };

    use futures_util::FutureExt as _;
    use tokio::{
        sync::Notify,
        task::LocalSet,
        time::{sleep, timeout},
    };

    use super::{
        super::{
            super::control::{ControlSocket, connect, give, socket_of},
            Accepted, Plan, Planned, Watch, up,
        },
        *,
    };
    use crate::config::Source;

    /// How long anything here may take, on a busy machine.
    const PATIENCE: Duration = Duration::from_secs(30);

    /// An `up` of three instances of a unit: a script that is told its number.
    struct Stage {
        folder: tempfile::TempDir,
    }

    impl Stage {
        fn new(script: &str) -> Self {
            let stage = Self { folder: tempfile::tempdir().unwrap() };
            stage.install(script);
            fs::write(stage.file(), "").unwrap();
            stage
        }

        fn file(&self) -> PathBuf {
            self.folder.path().join("file")
        }

        fn text(&self) -> String {
            fs::read_to_string(self.file()).unwrap()
        }

        /// Puts a program in the place of the one that is there, as installers do.
        fn install(&self, script: &str) {
            let new = self.folder.path().join("new");
            let file = self.file().display().to_string();
            fs::write(&new, format!("#!/bin/sh\nfile={file}\n{script}\n")).unwrap();
            fs::set_permissions(&new, fs::Permissions::from_mode(0o700)).unwrap();
            fs::rename(new, self.folder.path().join("program")).unwrap();
        }

        /// Runs `test` beside `up`, which is stopped then.
        async fn run(&self, drain: Duration, test: impl AsyncFnOnce(&Path)) {
            let data = self.folder.path();
            let unit = |instance: u16| Planned {
                unit: "pay".into(),
                instance,
                several: true,
                args: vec![instance.to_string().into()],
                edge: None,
                after: Vec::new(),
            };
            let plan = Plan {
                program: data.join("program"),
                accepted: Accepted::new(Source::of("app.toml", "")),
                topology: "test".into(),
                units: (0..3).map(unit).collect(),
                drain,
                grace: Duration::ZERO,
                json: false,
                file: None,
                reloading: None,
            };
            let file = self.file();
            // A process is ready once it has said so.
            let watch = move |_: &Planned| {
                let file = file.clone();
                let ready = move |id: u32| {
                    let (file, ready) = (file.clone(), format!("ready {id}\n"));
                    async move {
                        while !fs::read_to_string(&file).unwrap().contains(&ready) {
                            sleep(Duration::from_millis(5)).await;
                        }
                    }
                    .boxed_local()
                };
                Watch { ready: Box::new(ready), ..Watch::nothing() }
            };
            let socket = ControlSocket::bind(data, &socket_of("test")).unwrap();
            let stop = Notify::new();
            let never = std::future::pending();
            let up = up(plan, async || stop.notified().await, never, watch, Some(socket), None);
            let test = async {
                while self.text().matches("ready").count() < 3 {
                    sleep(Duration::from_millis(5)).await;
                }
                test(data).await;
                stop.notify_one();
            };
            let both = async { tokio::join!(up, test).0 };
            let code = timeout(PATIENCE, LocalSet::new().run_until(both)).await.unwrap();
            assert_eq!(format!("{:?}", code.unwrap()), format!("{:?}", ExitCode::SUCCESS));
        }
    }

    /// A process that says what happens to it.
    const GOOD: &str = "trap 'echo told $0 $1 >> $file; exit 0' TERM\n\
                        echo up $1 >> $file; echo ready $$ >> $file\n\
                        while :; do sleep 0.01; done";

    fn pay(instance: Option<u16>) -> Order {
        Order::Drain { unit: "pay".into(), instance }
    }

    fn again(instance: Option<u16>, rolling: bool) -> Order {
        Order::Restart { unit: "pay".into(), instance, rolling }
    }

    /// Gives an order; news in short.
    async fn told(data: &Path, order: &Order) -> Vec<String> {
        let stream = connect(data, &socket_of("test")).await.unwrap().unwrap();
        let mut all = Vec::new();
        let hear = |news| {
            all.push(match news {
                News::Draining { instance, .. } => format!("draining {instance}"),
                News::Ended { instance, killed: true, .. } => format!("killed {instance}"),
                News::Ended { instance, .. } => format!("ended {instance}"),
                News::Away { instance, .. } => format!("away {instance}"),
                News::Ready { instance, .. } => format!("ready {instance}"),
                News::Failed { instance, .. } => format!("failed {instance}"),
                News::Untouched { instance, .. } => format!("untouched {instance}"),
                News::Refused { reason } => reason,
                _ => return,
            });
        };
        give(stream, order, hear).await.unwrap();
        all
    }

    fn events(text: &str) -> Vec<&str> {
        text.lines().filter(|line| !line.starts_with("ready")).collect()
    }

    #[tokio::test]
    async fn who_is_drained_stays_away_until_it_is_restarted() {
        let stage = Stage::new(GOOD);
        let test = async |data: &Path| {
            assert_eq!(told(data, &pay(Some(1))).await, ["draining 1", "ended 1"]);
            assert_eq!(told(data, &Order::Away {}).await, ["away 1"]);
            assert_eq!(told(data, &pay(Some(1))).await, ["away 1"], "it is already");
            // Longer than who has died stays away.
            sleep(Duration::from_millis(400)).await;
            assert_eq!(stage.text().matches("up 1").count(), 1);
            assert_eq!(told(data, &again(Some(1), false)).await, ["ready 1"]);
            assert!(told(data, &Order::Away {}).await.is_empty());
            assert_eq!(stage.text().matches("up 1").count(), 2);
            let all = told(data, &pay(None)).await;
            assert_eq!(all[..3], ["draining 0", "draining 1", "draining 2"], "all at once");
            assert_eq!(told(data, &pay(Some(7))).await, ["this `up` doesn't run `pay.7`"]);
        };
        stage.run(PATIENCE, test).await;
    }

    #[tokio::test]
    async fn one_after_the_other_is_replaced_by_the_program_that_lies_there_now() {
        let stage = Stage::new(GOOD);
        let test = async |data: &Path| {
            stage.install(&GOOD.replace("echo up", "echo anew"));
            let all = told(data, &again(None, true)).await;
            let one =
                |n: u16| [format!("draining {n}"), format!("ended {n}"), format!("ready {n}")];
            assert_eq!(all, (0..3).flat_map(one).collect::<Vec<_>>());
            let text = stage.text();
            let text: Vec<_> = events(&text).into_iter().skip(3).collect();
            let program = data.join("program").display().to_string();
            let one = |n: u16| [format!("told {program} {n}"), format!("anew {n}")];
            assert_eq!(text, (0..3).flat_map(one).collect::<Vec<_>>());
        };
        stage.run(PATIENCE, test).await;
    }

    #[tokio::test]
    async fn a_program_that_does_not_start_replaces_only_the_first() {
        let stage = Stage::new(GOOD);
        let test = async |data: &Path| {
            stage.install("exit 3");
            let all = told(data, &again(None, true)).await;
            assert_eq!(all, ["draining 0", "ended 0", "failed 0", "untouched 1", "untouched 2"]);
            assert_eq!(stage.text().matches("told").count(), 1);
            // It is tried again all the time, so that it comes back with the right one.
            stage.install(GOOD);
            while stage.text().matches("up 0").count() < 2 {
                sleep(Duration::from_millis(5)).await;
            }
        };
        stage.run(PATIENCE, test).await;
    }

    #[tokio::test]
    async fn who_does_not_end_is_killed_and_a_second_order_waits_for_none() {
        let stage = Stage::new(&GOOD.replace("exit 0", ":"));
        let test = async |data: &Path| {
            let (one, two) = (again(Some(2), false), pay(None));
            let (one, two) = tokio::join!(told(data, &one), async {
                while !stage.text().contains("told") {
                    sleep(Duration::from_millis(5)).await;
                }
                told(data, &two).await
            });
            assert_eq!(one, ["draining 2", "killed 2", "ready 2"]);
            let busy = "another `drain` or `restart` of unit `pay` is under way";
            assert_eq!(two, [busy]);
        };
        stage.run(Duration::from_millis(800), test).await;
    }
}
