//! The unit's side of the wire: links to its peers, and the listener for them.

use std::sync::Arc;
use std::time::Duration;

use seam_core::home::Home;
use seam_core::name::ServiceId;
use seam_core::remote::Inlet;

use super::StartFailure;
use crate::app::{App, Opened};
use crate::config::{Config, UnitLayout};

pub(super) struct Identity;

pub(super) fn identity(_app: &App, _config: &Config, _layout: &UnitLayout) -> Identity {
    Identity
}

pub(super) struct Links;

impl Links {
    pub(super) fn start(
        _identity: &Identity,
        layout: &UnitLayout,
        opened: &[(ServiceId, Box<dyn Opened>)],
        _homes: &[Home],
    ) -> Self {
        for remote in &layout.remote {
            for (_, open) in opened.iter().filter(|(id, _)| id.name() == remote.service) {
                open.lead_nowhere("links aren't connected yet");
            }
        }
        Self
    }

    pub(super) fn ready(&self) -> Result<(), String> {
        Ok(())
    }

    pub(super) async fn stop(&self) {}
}

pub(super) struct Listening;

impl Listening {
    pub(super) fn address(&self) -> String {
        String::new()
    }

    pub(super) async fn stop(self, _grace: Duration) {}
}

pub(super) async fn listen(
    _identity: &Identity,
    _layout: &UnitLayout,
    _inlets: Vec<Arc<dyn Inlet>>,
    _homes: &[Home],
) -> Result<Option<Listening>, StartFailure> {
    Ok(None)
}
