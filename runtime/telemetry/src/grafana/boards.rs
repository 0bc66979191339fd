//! All boards.

use super::{board::Board, gateway::GATEWAY, overview::OVERVIEW, services::SERVICES, units::UNITS};

/// Every board.
pub const BOARDS: &[Board] = &[OVERVIEW, SERVICES, GATEWAY, UNITS];
