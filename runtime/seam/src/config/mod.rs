//! `app.toml`: which services run where, and how.
//!
//! [`Config::load`] reads the file, lays the environment over it, and checks it against the
//! app's [`Catalogue`]. What comes out is typed and sound, and [`Config::layout`] says what one
//! unit has to host and where the others are; what is wrong comes out as [`Problems`], each with
//! its line, the reason and the fix, all of them at once. Nothing else in the app reads the file
//! or the environment.
//!
//! - Every key has a default; unknown keys are refused, in a service's own table, too.
//! - `SEAM__UNITS__ALL__HTTP=127.0.0.1:9000` overrides a key: levels parted by two underscores,
//!   in any case, `-` written as `_`; a service's own keys match the fields of its type, also
//!   `maxSize` or `max-size` by `MAX_SIZE`. An empty `http` takes the address away; a list may be
//!   written `user,order`. Two variables for one key are refused.
//! - `SEAM_PROFILE=prod` lays `app.prod.toml` between the file and the environment; what is set while
//!   the app runs lies over all of them.
//! - `${VAR}` and `${VAR:-default}` in a text are filled from the environment; `$${` is a plain
//!   `${`. What is printed is the text as written, never the secret.
//! - Durations are `250ms`, `5s`, `2m`; sizes `16KiB`, `1MiB`; paths are relative to the working
//!   directory.

mod address;
mod admin;
mod auth;
mod bus;
mod catalogue;
mod changes;
mod check;
mod edge;
mod edit;
mod effective;
mod engine;
mod env;
mod https;
mod layout;
mod live;
mod load;
mod origin;
mod otlp;
mod own;
mod policies;
mod problem;
mod profile;
mod rates;
mod reader;
mod registry;
mod replace;
mod secret;
mod settings;
mod source;
mod store;
#[cfg(test)]
mod tests;
mod trace;
mod tree;
mod types;
mod url;
mod value;
mod web;

pub use self::{
    admin::{AdminConfig, AdminTokenConfig},
    auth::{
        AuthConfig, JwtConfig, KeyConfig, KeySource, SessionConfig, SigningConfig, SigningKeyConfig,
    },
    bus::{BusConfig, BusEngine},
    catalogue::{Catalogue, KnownPlugin, KnownService},
    effective::Effective,
    env::environment,
    https::EdgeTlsConfig,
    layout::{Endpoint, LayoutError, Peer, RemoteService, UnitLayout},
    live::Setter,
    origin::{Origin, Spot},
    otlp::OtlpConfig,
    own::{OwnConfig, Secrets},
    problem::{Problem, Problems},
    registry::{RegistryConfig, RegistryEngine},
    secret::{Secret, SecretHash, SecretKey},
    settings::Settings,
    store::{StoreConfig, StoreEngine},
    trace::TraceConfig,
    types::{
        AllowRule, AllowedCaller, AppConfig, CallsConfig, EdgeConfig, EdgeRate, EdgeRule,
        HealthConfig, Lane, LogConfig, LogFormat, PluginConfig, RehearsalConfig, Resolution,
        ServiceConfig, TlsConfig, TopologyConfig, UnitConfig, UnknownQuery, Versions, Via,
    },
    url::ServerUrl,
    web::CorsConfig,
};

pub use seam_wire::{Address, AddressError};

pub(crate) use self::{
    edit::moved,
    layout::process,
    live::{Kept, LiveSetting, MOST, now, time},
    load::MAX_INSTANCES,
    own::hidden_value,
    problem::nearest,
    profile::{Over, Profile},
    replace::{private_folder, replace_file},
    source::{Files, Source},
    value::duration as parse_duration,
};

/// The whole config of an app, typed and checked.
#[derive(Clone, Debug)]
pub struct Config {
    /// `[app]`.
    pub app: AppConfig,
    /// `[admin]`.
    pub admin: AdminConfig,
    /// `[tls]`; `None` without that table.
    pub tls: Option<TlsConfig>,
    /// `[log]`.
    pub log: LogConfig,
    /// `[calls]`.
    pub calls: CallsConfig,
    /// `[health]`.
    pub health: HealthConfig,
    /// `[rehearsal]`.
    pub rehearsal: RehearsalConfig,
    /// `[edge]`.
    pub edge: EdgeConfig,
    /// `[registry]`.
    pub registry: RegistryConfig,
    /// `[bus]`.
    pub bus: BusConfig,
    /// `[trace]`.
    pub trace: TraceConfig,
    /// `[otlp]`.
    pub otlp: OtlpConfig,
    /// `[store]`.
    pub store: StoreConfig,
    /// `[units.…]`, in the order of the file.
    pub units: Vec<UnitConfig>,
    /// Those of `[units.…]` whose services are all remote: other processes of the app, which say where
    /// they listen. They are in no topology.
    pub foreign: Vec<UnitConfig>,
    /// `[topologies]`, in the order of the file; the first is the default.
    pub topologies: Vec<TopologyConfig>,
    /// `[services.…]`: one for every service of the app, in its order.
    pub services: Vec<ServiceConfig>,
    /// The services such that each comes after those that it needs.
    pub start_order: Vec<String>,
    version: String,
    profile: Option<String>,
    effective: Vec<Effective>,
}

impl Config {
    /// How a service runs; `None` if the app has none of that name.
    pub fn service(&self, name: &str) -> Option<&ServiceConfig> {
        self.services.iter().find(|service| service.name == name)
    }

    /// Whether config says that a service is hosted by a process that is none of its units.
    pub fn is_remote(&self, service: &str) -> bool {
        self.service(service).is_some_and(|service| service.remote)
    }

    /// What tells this config from another, as 16 hexadecimal digits: it follows from the text of the
    /// file and its profile's, and from the overrides.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The profile that lies over the file, if there is one.
    pub fn profile(&self) -> Option<&str> {
        self.profile.as_deref()
    }

    /// Every value in effect, with its origin.
    pub fn effective(&self) -> &[Effective] {
        &self.effective
    }

    /// What is in effect, as TOML with the origin of every value beside it.
    pub fn to_toml(&self) -> String {
        effective::as_toml(&self.effective)
    }

    /// What is in effect, as `{"app.data": {"value": "data", "from": "default"}, …}`.
    pub fn to_json(&self) -> serde_json::Value {
        effective::as_json(&self.effective)
    }
}
