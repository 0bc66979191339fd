//! Names, however they are spelled.

/// `place_order`, `PlaceOrder` and `placeOrder` are one name: `placeorder`.
pub(crate) fn folded(name: &str) -> String {
    name.chars().filter(|c| *c != '_').map(|c| c.to_ascii_lowercase()).collect()
}

/// `user_id` → `userId`.
pub(crate) fn camel(name: &str) -> String {
    let mut upper = false;
    let mut out = String::with_capacity(name.len());
    for c in name.chars() {
        match c {
            '_' if !out.is_empty() => upper = true,
            _ if upper => {
                out.push(c.to_ascii_uppercase());
                upper = false;
            }
            _ => out.push(c),
        }
    }
    out
}

/// `userId` → `user_id`.
pub(crate) fn snake(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    for c in name.chars() {
        if c.is_ascii_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_fold_to_one() {
        for name in ["place_order", "PlaceOrder", "placeOrder", "PLACE_ORDER"] {
            assert_eq!(folded(name), "placeorder");
        }
        assert_eq!(camel("unit_price_cents"), "unitPriceCents");
        assert_eq!(camel("id"), "id");
        assert_eq!(camel("_id"), "_id");
        assert_eq!(snake("unitPriceCents"), "unit_price_cents");
        assert_eq!(snake("unit_price"), "unit_price");
    }
}
