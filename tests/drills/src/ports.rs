//! Ports that stand in a row, as the instances of a unit need them.

use std::net::{SocketAddr, TcpListener};

use anyhow::bail;

/// Below what the system gives to connections, and above what is well known.
const FROM: u16 = 21_000;
const TO: u16 = 32_000;

/// The first of so many free ports in a row on loopback.
pub(crate) fn row(count: u16) -> anyhow::Result<u16> {
    // Where to begin differs by process, so that two that run at once rarely meet.
    let span = TO - FROM - count;
    let offset = u16::try_from(u64::from(std::process::id()) * 97 % u64::from(span))?;
    for tried in 0..span / count {
        let first = FROM + (offset + tried * count) % span;
        if (first..first + count).all(|port| TcpListener::bind(loopback(port)).is_ok()) {
            return Ok(first);
        }
    }
    bail!("no {count} free ports in a row between {FROM} and {TO}")
}

/// A port on loopback.
pub(crate) fn loopback(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}
