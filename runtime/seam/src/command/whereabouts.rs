//! Where an app runs whose config file may be broken just now, and the config that it goes by.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::control::{News, Order, Request, ask, connect, give, is_of_up, names};
use crate::config::{Catalogue, Config, Source};

/// How long a process may take to say by which config it goes.
const PATIENCE: Duration = Duration::from_secs(2);

/// The data folder, as far as the file and the environment say it.
pub(super) fn data(
    file: Option<&Path>,
    env: &[(String, String)],
    catalogue: &Catalogue,
) -> PathBuf {
    // One that can't be read says nothing.
    let text = Source::read(file).map(|source| source.text).unwrap_or_default();
    Config::data_of(&text, env.iter().cloned(), catalogue)
}

/// The config that whoever runs there has accepted last; `None` if nobody runs, or nobody says.
pub(super) async fn accepted(
    file: Option<&Path>,
    env: &[(String, String)],
    catalogue: &Catalogue,
) -> Option<Source> {
    let data = data(file, env, catalogue);
    let (of_up, units): (Vec<_>, Vec<_>) = names(&data).into_iter().partition(|n| is_of_up(n));
    for name in of_up.iter().chain(&units) {
        let Ok(Some(stream)) = connect(&data, name).await else { continue };
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
        // That of a process which was plugged in beside this program's is none of its own.
        let text = source.text.clone();
        if Config::parse(&source.name, text, env.iter().cloned(), catalogue).is_ok() {
            return Some(source);
        }
    }
    None
}
