//! Where an app runs whose config file may be broken just now, and the config that it goes by.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::control::{News, Order, Request, ask, connect, give, is_of_up, names};
use crate::config::{Catalogue, Config, Files, Kept, Problems, Source, now};

/// How long a process may take to say by which config it goes.
const PATIENCE: Duration = Duration::from_secs(2);

/// The data folder, as far as the file and the environment say it.
pub(super) fn data(files: &Files, env: &[(String, String)], catalogue: &Catalogue) -> PathBuf {
    // One that can't be read says nothing.
    let source = files.read().unwrap_or_default();
    Config::data_of(&source, env.iter().cloned(), catalogue)
}

/// What the config is read from: the files, and what is set.
///
/// # Errors
/// One of them can't be read.
pub(super) fn source(
    files: &Files,
    env: &[(String, String)],
    catalogue: &Catalogue,
) -> Result<Source, Problems> {
    let source = files.read()?;
    let data = Config::data_of(&source, env.iter().cloned(), catalogue);
    let set = Kept::new(&data).holding(now())?;
    Ok(Source { set, ..source })
}

/// The config that whoever runs there has accepted last; `None` if nobody runs, or nobody says.
pub(super) async fn accepted(
    files: &Files,
    env: &[(String, String)],
    catalogue: &Catalogue,
) -> Option<Source> {
    let data = data(files, env, catalogue);
    // That of a process which was plugged in beside this program's is none of its own.
    let is_ours =
        |source: &Source| Config::of(source, None, env.iter().cloned(), catalogue).is_ok();
    accepted_in(&data, is_ours).await
}

/// The same in a data folder, of processes whose config is sound to this program.
pub(super) async fn accepted_in(data: &Path, is_ours: impl Fn(&Source) -> bool) -> Option<Source> {
    let (of_up, units): (Vec<_>, Vec<_>) = names(data).into_iter().partition(|n| is_of_up(n));
    for name in of_up.iter().chain(&units) {
        let Ok(Some(stream)) = connect(data, name).await else { continue };
        let text = if is_of_up(name) {
            let mut said = None;
            let hear = |news| {
                if let News::Config(text) = news {
                    said = Some(text);
                }
            };
            let given = give(stream, &Order::Config {}, hear);
            let _ = tokio::time::timeout(PATIENCE, given).await;
            said
        } else {
            let answer = ask(stream, &Request::Config {}, PATIENCE).await;
            answer.ok().and_then(Result::ok).and_then(|said| serde_json::from_str(said.get()).ok())
        };
        let Some(source) = text.map(Into::<Source>::into) else { continue };
        if is_ours(&source) {
            return Some(source);
        }
    }
    None
}
