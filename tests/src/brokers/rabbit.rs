//! A RabbitMQ of one's own: no systemd, any user, ports of its own, all it writes in one folder.

use std::fs;
use std::io;
use std::path::Path;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

/// `guest`, without salt: four bytes of it, and the hash.
const GUEST: &str = "AAAAAPEoQ8a3jY6DABRiJzkoKooQbXiBp2iGLke7d+FVKzJx";
/// So many parts it has that share nothing.
pub(super) const PARTS: usize = 16;

/// The name of one of them.
pub(super) fn part(number: usize) -> String {
    format!("part{number}")
}

/// What it is told.
pub(super) fn environment(
    folder: &Path,
    [port, distribution, epmd]: [u16; 3],
) -> Vec<(String, String)> {
    let at = |name: &str| folder.join(name).display().to_string();
    [
        ("HOME", folder.display().to_string()),
        ("RABBITMQ_NODENAME", format!("seam{port}@localhost")),
        ("RABBITMQ_NODE_IP_ADDRESS", "127.0.0.1".into()),
        ("RABBITMQ_NODE_PORT", port.to_string()),
        ("RABBITMQ_DIST_PORT", distribution.to_string()),
        ("ERL_EPMD_PORT", epmd.to_string()),
        ("ERL_EPMD_ADDRESS", "127.0.0.1".into()),
        ("RABBITMQ_MNESIA_BASE", at("mnesia")),
        ("RABBITMQ_LOG_BASE", at("log.d")),
        ("RABBITMQ_ENABLED_PLUGINS_FILE", at("plugins")),
        ("RABBITMQ_CONFIG_FILE", at("rabbitmq")),
        ("RABBITMQ_CONF_ENV_FILE", "/dev/null".into()),
        (
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS",
            "-kernel inet_dist_use_interface {127,0,0,1} +sbwt none".into(),
        ),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

/// Writes what it reads when it starts, and gives its environment.
pub(super) fn furnish(folder: &Path, ports: [u16; 3]) -> io::Result<Vec<(String, String)>> {
    let definitions = folder.join("definitions.json");
    let read =
        format!("disk_free_limit.absolute = 50MB\nload_definitions = {}\n", definitions.display());
    fs::write(folder.join("rabbitmq.conf"), read)?;
    fs::write(definitions, parts().to_string())?;
    fs::write(folder.join("plugins"), "[].")?;
    Ok(environment(folder, ports))
}

/// Its parts, and who may use them.
fn parts() -> Value {
    let names = || (0..PARTS).map(part).chain(["/".to_owned()]);
    let vhosts: Vec<_> = names().map(|name| json!({ "name": name })).collect();
    let permission = |vhost| json!({ "user": "guest", "vhost": vhost, "configure": ".*", "write": ".*", "read": ".*" });
    json!({
        "users": [{
            "name": "guest",
            "password_hash": GUEST,
            "hashing_algorithm": "rabbit_password_hashing_sha256",
            "tags": "administrator",
        }],
        "vhosts": vhosts,
        "permissions": names().map(permission).collect::<Vec<_>>(),
    })
}

/// Ends what it has left behind: the scripts that start it don't pass their end on, and its name server
/// is a daemon.
pub(super) fn sweep([_, _, epmd]: [u16; 3]) {
    let own = format!("ERL_EPMD_PORT={epmd}\0");
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    for process in processes {
        let id = process.file_name().to_str().and_then(|name| name.parse().ok());
        let Some(id) = id.and_then(Pid::from_raw) else { continue };
        let environment = fs::read(process.path().join("environ")).unwrap_or_default();
        if environment.windows(own.len()).any(|part| part == own.as_bytes()) {
            // It may have ended meanwhile.
            let _ = kill_process(id, Signal::KILL);
        }
    }
}
