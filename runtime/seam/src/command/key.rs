//! `key new`: a key for a client, and what the config has to say of it.

use serde_json::json;

use super::Failure;

/// Makes a key for `name`, and the lines of `app.toml` that let it in.
pub(super) fn new(name: &str, json: bool) -> Result<String, Failure> {
    let (key, hash) = seam_gateway::new_key().map_err(Failure::other)?;
    if json {
        return Ok(
            json!({ "name": name, "key": key, "hash": format!("sha256:{hash}") }).to_string()
        );
    }
    Ok(format!(
        "key, which is shown this once, for the header X-Api-Key:\n\n  {key}\n\nlines for app.toml:\n\n  \
         [edge.keys.{name}]\n  hash = \"sha256:{hash}\"\n  roles = []"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_key_comes_with_its_lines() {
        let text = new("robot", false).unwrap();
        let lines: Vec<_> = text.lines().map(str::trim).collect();
        assert_eq!(lines[2].len(), 43);
        let lines = lines[6..].join("\n");
        assert!(lines.starts_with("[edge.keys.robot]\nhash = \"sha256:"), "{lines}");
        let json: serde_json::Value = serde_json::from_str(&new("robot", true).unwrap()).unwrap();
        assert_eq!(json["hash"].as_str().unwrap().len(), 71);
        assert_ne!(json["key"].as_str().unwrap(), text.lines().nth(2).unwrap().trim());
    }
}
