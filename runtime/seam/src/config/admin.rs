//! `[admin]`: the listener for who operates the app.

use seam_admin::{AdminSettings, NamedToken, Role};

use super::{Address, Origin, Secret, https, reader::Reader, tree::Table, value::Choice};

/// The shortest token that isn't guessed, in bytes.
const SHORTEST: usize = 16;

/// `[admin]`: where who operates the app sees and steers it.
///
/// ```toml
/// [admin]
/// listen = "127.0.0.1:7070"
/// hosts = []
/// [admin.tokens.grafana]
/// role = "viewer"
/// token = "${GRAFANA_TOKEN}"
/// ```
#[derive(Clone, Debug)]
pub struct AdminConfig {
    /// `listen`: where it is, on a loopback address; empty: nowhere. Default: `127.0.0.1:7070`, or if that
    /// is taken, a free port.
    pub listen: Option<Address>,
    /// Whether somebody wrote `listen`: then no other port is taken in its place.
    pub fixed: bool,
    /// `hosts`: the names by which browsers may ask for it, beside `localhost` and loopback addresses: those
    /// of a proxy before it. Default: none.
    pub hosts: Vec<String>,
    /// `[admin.tokens.NAME]`, beside the operator's own token in the data folder.
    pub tokens: Vec<AdminTokenConfig>,
    /// Where it was written.
    pub origin: Origin,
}

/// `[admin.tokens.NAME]`: somebody who may ask, by `Authorization: Bearer`.
#[derive(Clone, Debug)]
pub struct AdminTokenConfig {
    /// Its name, which the audit has.
    pub name: String,
    /// `role`: `viewer`, who sees, or `operator`, who changes things, too. Default: `viewer`.
    pub role: Role,
    /// `token`: a secret of 16 bytes at least. Without default.
    pub token: Secret,
}

impl Choice for Role {
    const ALL: &'static [(&'static str, Self)] =
        &[("viewer", Self::Viewer), ("operator", Self::Operator)];
}

impl AdminConfig {
    /// What a listener goes by.
    pub(crate) fn settings(&self) -> AdminSettings {
        let token = |own: &AdminTokenConfig| NamedToken {
            name: own.name.clone(),
            role: own.role,
            token: own.token.reveal().to_owned(),
        };
        AdminSettings {
            hosts: self.hosts.clone(),
            tokens: self.tokens.iter().map(token).collect(),
            ..AdminSettings::default()
        }
    }

    /// Reads the table.
    pub(super) fn read(root: &mut Reader<'_>, table: &Table) -> Self {
        let mut reader = root.table("admin");
        let default = Address::Tcp { host: "127.0.0.1".into(), port: 7070 };
        let fixed = reader.has("listen");
        let admin = Self {
            listen: reader.checked("listen", Some(default), check_listen),
            fixed,
            hosts: reader.checked("hosts", Vec::new(), |hosts: &Vec<String>| {
                hosts.iter().try_for_each(|host| check_host(host))
            }),
            tokens: {
                let tokens = reader.table("tokens");
                let names = tokens.names().into_iter();
                names.map(|name| read_token(name, tokens.named(name))).collect()
            },
            origin: table.origin(&["admin"]),
        };
        reader.finish();
        admin
    }
}

fn read_token(name: &str, mut reader: Reader<'_>) -> AdminTokenConfig {
    let token = AdminTokenConfig {
        name: name.into(),
        role: reader.value("role", Role::Viewer),
        token: reader.checked("token", Secret::default(), |token: &Secret| {
            let is_plain = token.reveal().bytes().all(|byte| byte.is_ascii_graphic());
            match (token.reveal().len() >= SHORTEST, is_plain) {
                (true, true) => Ok(()),
                (true, false) => Err((
                    "`token` has characters that no header carries".into(),
                    "use letters and digits: e.g. what `openssl rand -hex 32` prints".into(),
                )),
                (false, _) => Err((
                    format!("`token` is shorter than {SHORTEST} bytes, and can be guessed"),
                    "use e.g. what `openssl rand -hex 32` prints".into(),
                )),
            }
        }),
    };
    reader.finish();
    token
}

/// Whoever reaches it speaks plain HTTP: that is for this machine alone.
fn check_listen(listen: &Option<Address>) -> Result<(), (String, String)> {
    https::check_address("listen", listen)?;
    match listen {
        Some(address) if !address.is_local() => Err((
            format!(
                "`listen` on {address} can be reached from other machines, without TLS: tokens would \
                 be read on the way"
            ),
            "listen on 127.0.0.1 or [::1], and go there by `ssh -L 7070:127.0.0.1:7070 MACHINE`, or by \
             a proxy that speaks TLS, whose name is in `hosts`"
                .into(),
        )),
        _ => Ok(()),
    }
}

fn check_host(host: &str) -> Result<(), (String, String)> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    match !host.is_empty() && host.chars().all(plain) {
        true => Ok(()),
        false => Err((
            format!("`{host}` is no name of a host"),
            "write it without scheme and port: \"ops.example.com\"".into(),
        )),
    }
}
