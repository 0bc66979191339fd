//! What is logged: what the level says, and of other people's crates no details unless they are named.

use std::path::Path;

use tracing::{Level, Metadata, Subscriber, level_filters::LevelFilter, subscriber::Interest};
use tracing_subscriber::{EnvFilter, Layer, layer::Context};

/// What of our dependencies is left out unless the level names them: what they report comes back to who
/// calls them, or tells of nothing that a reader could do anything about.
const QUIET: [(&str, &str); 4] = [
    ("actix", "actix_server=warn,actix_http=warn,"),
    ("lapin", "lapin=off,"),
    ("fjall", "fjall=warn,"),
    ("lsm_tree", "lsm_tree=warn,"),
];

/// What is logged at this level, e.g. `info` or `warn,seam=debug`.
pub(super) fn filter(level: &str) -> EnvFilter {
    let quiet = QUIET.iter().filter(|(name, _)| !level.contains(name)).map(|(_, quiet)| *quiet);
    let quiet: String = quiet.collect();
    // The config's check has parsed it before.
    EnvFilter::try_new(format!("{quiet}{level}")).unwrap_or_else(|_| EnvFilter::new("info"))
}

/// Leaves out what crates say below `info` that are neither of the app's workspace nor ours, unless the
/// level names them: `debug` is about the app, and theirs would hide it.
#[derive(Debug)]
pub(super) struct Foreign {
    /// What the level names: the begins of modules' paths.
    named: Vec<String>,
}

impl Foreign {
    pub(super) fn new(level: &str) -> Self {
        let named = level.split(',').filter_map(|directive| {
            let target = directive.split(['=', '[']).next()?.trim();
            (!target.is_empty() && target.parse::<LevelFilter>().is_err())
                .then(|| target.to_owned())
        });
        Self { named: named.collect() }
    }

    fn takes(&self, metadata: &Metadata<'_>) -> bool {
        let target = metadata.target();
        *metadata.level() <= Level::INFO
            || is_ours(target)
            || is_of_workspace(metadata.file())
            || self.named.iter().any(|named| target.starts_with(named))
    }
}

fn is_ours(target: &str) -> bool {
    let name = target.split("::").next().unwrap_or_default();
    name == "seam" || name.starts_with("seam_")
}

/// Whether a source file is one of the workspace that the program was built from: cargo names those
/// from there, and those of all other crates from the root.
fn is_of_workspace(file: Option<&str>) -> bool {
    file.is_none_or(|file| Path::new(file).is_relative())
}

impl<S: Subscriber> Layer<S> for Foreign {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if self.takes(metadata) { Interest::always() } else { Interest::never() }
    }

    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        self.takes(metadata)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dependencies_are_quiet_unless_they_are_named() {
        let all = "lsm_tree=warn,fjall=warn,actix_server=warn,actix_http=warn,lapin=off,debug";
        let directives = |filter: EnvFilter| -> std::collections::BTreeSet<String> {
            filter.to_string().split(',').map(str::to_owned).collect()
        };
        let all = all.split(',').map(str::to_owned).collect();
        assert_eq!(directives(filter("debug")), all);
        let named = directives(filter("info,actix_server=info"));
        assert!(named.contains("actix_server=info") && !named.contains("actix_http=warn"));
        assert_eq!(filter("warn").max_level_hint(), Some(LevelFilter::WARN));
    }

    #[test]
    fn details_of_others_are_left_out_unless_the_level_names_them() {
        assert_eq!(Foreign::new("debug,h2=trace,[span{x=1}]=debug, lapin").named, ["h2", "lapin"]);
        assert!(is_ours("seam::unit") && is_ours("seam_wire") && !is_ours("seamless::x"));
        assert!(is_of_workspace(Some("services/order/src/service.rs")) && is_of_workspace(None));
        let registry =
            "/root/.cargo/registry/src/index.crates.io-1949cf8c6b5b557f/h2-0.4.20/src/lib.rs";
        assert!(!is_of_workspace(Some(registry)));
        // Here, cargo names what it builds from the workspace's folder.
        assert!(is_of_workspace(Some(file!())));
    }
}
