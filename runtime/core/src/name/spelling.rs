//! What a name that nobody knows may have been meant for.

/// As much of a name is looked at.
const LONGEST: usize = 64;
/// So many names are listed, at most.
const MOST: usize = 8;

/// What to write instead of `name`: the nearest of `known`, or what there is.
pub fn instead(name: &str, known: &[&str]) -> String {
    let name = name[..name.floor_char_boundary(LONGEST)].to_lowercase();
    let near = known
        .iter()
        .map(|known| (strsim::damerau_levenshtein(&name, &known.to_lowercase()), *known))
        .filter(|(distance, known)| *distance <= 1 + known.len().max(name.len()) / 3)
        .min_by_key(|(distance, _)| *distance);
    if let Some((_, near)) = near {
        return format!("did you mean `{near}`?");
    }
    // The second spelling of a name that is listed says nothing new.
    let spelled = |at: usize| known[..at].iter().any(|other| folded(other) == folded(known[at]));
    let listed: Vec<_> = (0..known.len()).filter(|at| !spelled(*at)).collect();
    if listed.is_empty() {
        return "there is none at all".into();
    }
    let names: Vec<_> = listed.iter().take(MOST).map(|at| format!("`{}`", known[*at])).collect();
    let more = if listed.len() > MOST { " and more" } else { "" };
    format!("there is {}{more}", names.join(", "))
}

fn folded(name: &str) -> String {
    name.chars().filter(|c| *c != '_').map(|c| c.to_ascii_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_told() {
        assert_eq!(instead("quantiy", &["product", "quantity"]), "did you mean `quantity`?");
        assert_eq!(instead("UserID", &["userId", "user_id"]), "did you mean `userId`?");
        assert_eq!(instead("zzz", &["userId", "user_id", "name"]), "there is `userId`, `name`");
        assert_eq!(instead("zzz", &[]), "there is none at all");
        let many: Vec<String> = (0..20).map(|n| format!("name{n}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert!(instead(&"x".repeat(1 << 20), &many).ends_with("`name7` and more"));
    }
}
