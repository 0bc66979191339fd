//! Calls within one process.

mod actix_other;
mod actix_same;
mod actix_same_async;
mod dyn_call;
mod job;
mod kameo;
mod mailbox;
mod plain;
mod ractor;
mod runtime;
mod seam;
mod tokio_channel;

use anyhow::bail;

pub(crate) use self::job::Job;
use self::job::Turn;
use crate::cli::Options;
use crate::measure::{Child, Entry, Group, Sample, cores};
use crate::messages::Message;
use crate::report::Labels;

/// A contender of the local bench.
struct Contender {
    name: &'static str,
    /// The kinds of turns that it tells apart; none: it can't tell.
    turns: &'static [Turn],
    /// Whether its callers may be on several threads.
    threads: bool,
    run: fn(&Job) -> anyhow::Result<Sample>,
}

const BOTH: &[Turn] = &[Turn::Shared, Turn::Exclusive];

const CONTENDERS: &[Contender] = &[
    Contender { name: "plain", turns: &[Turn::Shared], threads: true, run: plain::run },
    Contender { name: "dyn", turns: &[Turn::Shared], threads: true, run: dyn_call::run },
    Contender { name: "tokio", turns: &[], threads: true, run: tokio_channel::run },
    Contender { name: "actix-same", turns: &[], threads: false, run: actix_same::run },
    Contender { name: "actix-same-async", turns: &[], threads: false, run: actix_same_async::run },
    Contender { name: "actix-other", turns: &[], threads: true, run: actix_other::run },
    Contender { name: "kameo", turns: &[], threads: true, run: kameo::run },
    Contender { name: "ractor", turns: &[], threads: true, run: ractor::run },
    Contender { name: "seam", turns: BOTH, threads: true, run: seam::inline },
    Contender { name: "seam-off", turns: BOTH, threads: true, run: seam::off },
    Contender { name: "seam-arbiter", turns: BOTH, threads: true, run: seam::arbiter },
    Contender { name: "seam-encoded", turns: BOTH, threads: true, run: seam::encoded },
];

/// The names, as `--peer` knows them.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    CONTENDERS.iter().map(|contender| contender.name)
}

/// The cells: every one with its contenders.
pub(crate) fn groups(options: &Options) -> Vec<Group> {
    let options = &options.unless_told(15, 0.25);
    let many = cores().len().min(4);
    let mut callers = vec![(1, 1), (64, 1)];
    if many > 1 {
        callers.push((64, many));
    }
    let mut groups = Vec::new();
    for message in Message::ALL.into_iter().filter(|&m| options.wants_message(m)) {
        for &(callers, threads) in callers.iter().filter(|(n, _)| options.wants_in_flight(*n)) {
            groups.push(options.group(group(options, message, callers, threads)));
        }
    }
    groups
}

fn group(options: &Options, message: Message, callers: usize, threads: usize) -> Vec<Entry> {
    let mut entries = Vec::new();
    for contender in CONTENDERS {
        if !options.wants(contender.name) || (threads > 1 && !contender.threads) {
            continue;
        }
        let turns: Vec<Option<Turn>> = match contender.turns {
            [] => vec![None],
            turns => turns.iter().copied().map(Some).collect(),
        };
        for turn in turns {
            let job = Job {
                contender: contender.name.to_owned(),
                message,
                turn,
                callers,
                threads,
                timing: options.timing(),
            };
            let labels = Labels {
                bench: "local",
                message: Some(message.name()),
                turn: turn.map(Turn::name),
                callers: Some(callers),
                threads: Some(threads),
                contender: contender.name.to_owned(),
                ..Labels::default()
            };
            entries.push(Entry::new(labels, move || {
                let work = job.timing.warm_up() + job.timing.measured();
                Child::start("measure-local", &job)?.sample(work, |_| Ok(()))
            }));
        }
    }
    entries
}

/// The child's side.
pub(crate) fn run(job: &Job) -> anyhow::Result<Sample> {
    match CONTENDERS.iter().find(|contender| contender.name == job.contender) {
        Some(contender) => (contender.run)(job),
        None => bail!("there is no local contender `{}`", job.contender),
    }
}
