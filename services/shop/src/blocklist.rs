//! Who gets nothing here: a plug-in of the edge, as small as they come.

use seam::actor::StartError;
use seam::edge::{Asked, Refusal, Security, SecuritySetup};

/// Refuses the requests of some subjects.
#[derive(Debug)]
pub struct Blocklist {
    subjects: Vec<String>,
}

/// `[edge.plugins.blocklist]`.
#[seam::config]
#[derive(Clone, Default)]
#[serde(default)]
pub struct BlocklistConfig {
    /// Whose requests are refused; nobody's by default.
    subjects: Vec<String>,
}

impl Security for Blocklist {
    const NAME: &'static str = "blocklist";
    type Config = BlocklistConfig;
    type Needs = ();

    async fn start(setup: &SecuritySetup<Self>) -> Result<Self, StartError> {
        Ok(Self { subjects: setup.config().subjects.clone() })
    }

    async fn authorize(&self, asked: &Asked<'_>) -> Result<(), Refusal> {
        let Some(who) = asked.principal() else { return Ok(()) };
        match self.subjects.contains(&who.subject) {
            true => Err(Refusal::denied("blocked", "this account is blocked")),
            false => Ok(()),
        }
    }
}
