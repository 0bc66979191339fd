//! What is told of a command over the wire.

use seam_core::call::Kept;
use serde::{Deserialize, Serialize};

use super::rows::{Command, FailureRow, State};
use crate::time::Millis;

/// A command, for another process.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Told {
    service: String,
    method: String,
    created: Millis,
    #[serde(default)]
    owner: Option<String>,
    attempts: u32,
    state: ToldState,
}

#[derive(Debug, Serialize, Deserialize)]
enum ToldState {
    Pending,
    Answered(#[serde(with = "serde_bytes")] Vec<u8>),
    Failed(FailureRow),
    Expired,
}

impl From<Command> for Told {
    fn from(command: Command) -> Self {
        let Command { service, method, created, owner, attempts, state } = command;
        let state = match state {
            State::Pending => ToldState::Pending,
            State::Ended(Kept::Answered(answer)) => ToldState::Answered(answer),
            State::Ended(Kept::Failed(error)) => ToldState::Failed(FailureRow::of(error)),
            State::Expired => ToldState::Expired,
        };
        Self { service, method, created, owner, attempts, state }
    }
}

impl TryFrom<Told> for Command {
    type Error = serde_json::Error;

    fn try_from(told: Told) -> Result<Self, serde_json::Error> {
        let Told { service, method, created, owner, attempts, state } = told;
        let state = match state {
            ToldState::Pending => State::Pending,
            ToldState::Answered(answer) => State::Ended(Kept::Answered(answer)),
            ToldState::Failed(failure) => State::Ended(Kept::Failed(failure.into_error()?)),
            ToldState::Expired => State::Expired,
        };
        Ok(Self { service, method, created, owner, attempts, state })
    }
}
