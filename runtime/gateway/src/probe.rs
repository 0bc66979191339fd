//! Whether the unit is ready for requests.

use futures_util::future::BoxFuture;

/// What a probe finds: ready, or what is still missing, for people.
pub type Readiness = Result<(), String>;

/// Says whether the unit is ready: what `GET /readyz` asks.
///
/// It is asked once per request, so it should look rather than work: `503` with its reason if it
/// says no.
pub trait Probe: Send + Sync + 'static {
    /// Whether every declared dependency has answered.
    fn ready(&self) -> BoxFuture<'_, Readiness>;
}
