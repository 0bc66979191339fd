//! Who is at the command line.

use std::fs;

use rustix::process::getuid;
use seam_admin::{Role, Who};

/// The system's user, who operates what they have started: control sockets let nobody else in.
pub(super) fn user() -> Who {
    let id = getuid().as_raw();
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    Who::new(name(&users, id).unwrap_or_else(|| format!("uid {id}")), Role::Operator)
}

fn name(users: &str, id: u32) -> Option<String> {
    let mut all = users.lines().map(|line| line.split(':'));
    all.find_map(|mut fields| {
        let (name, _password, own) = (fields.next()?, fields.next()?, fields.next()?);
        (own.parse() == Ok(id)).then(|| name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_found_by_their_number() {
        let users = "root:x:0:0:root:/root:/bin/sh\nbroken\nada:x:1000:1000::/home/ada:/bin/sh\n";
        assert_eq!(name(users, 1000).as_deref(), Some("ada"));
        assert_eq!(name(users, 0).as_deref(), Some("root"));
        assert_eq!(name(users, 7), None);
    }
}
