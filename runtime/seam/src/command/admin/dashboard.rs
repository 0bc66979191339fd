//! `dashboard`: a link that logs a browser in.

use std::{
    net::SocketAddr,
    path::Path,
    time::{SystemTime, UNIX_EPOCH},
};

use seam_admin::{LoginLink, OperatorToken, Role, Who};
use serde_json::json;

use super::{
    super::{Failure, control::is_of_up, user::user},
    post::posts,
    serve::ADMIN,
};

/// Makes a link to the listener of an `up`, or to that of `shop admin`, or else to that of a unit.
pub(in crate::command) fn dashboard(
    app: &str,
    data: &Path,
    unit: Option<&str>,
    viewer: bool,
    as_json: bool,
) -> Result<String, Failure> {
    let address = listener(data, unit).ok_or_else(|| {
        let of = unit.map(|unit| format!(" of unit `{unit}`")).unwrap_or_default();
        Failure::other(format!(
            "there is no admin listener{of} on the data folder {}\n  \
             fix: start the app with `{app} run` or `{app} up`, and see that `listen` of [admin] isn't \
             empty; or name its data folder: SEAM__APP__DATA=…",
            data.display()
        ))
    })?;
    let token = OperatorToken::read(data).map_err(Failure::other)?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let role = if viewer { Role::Viewer } else { Role::Operator };
    let who = Who::new(user().name, role);
    let link = LoginLink::make(&token, address, &who, now).map_err(Failure::other)?;
    Ok(match as_json {
        true => json!({ "url": link, "role": role }).to_string(),
        false => link,
    })
}

fn listener(data: &Path, unit: Option<&str>) -> Option<SocketAddr> {
    let mut posts = posts(data);
    if let Some(unit) = unit {
        return posts.into_iter().find(|(name, _)| name == unit).map(|(_, address)| address);
    }
    // Those that know most come first.
    posts.sort_by_key(|(name, _)| (!is_of_up(name), name != ADMIN));
    posts.into_iter().next().map(|(_, address)| address)
}
