//! What passes for an e-mail address, and when two are the same.

/// The longest address that SMTP takes, in bytes (RFC 5321, 4.5.3.1.3, less the brackets).
const LONGEST: usize = 254;
/// The longest part before the `@` (RFC 5321, 4.5.3.1.1).
const LONGEST_LOCAL: usize = 64;
/// The longest part of a domain between dots (RFC 1035, 2.3.4).
const LONGEST_LABEL: usize = 63;

/// Whether mail might get there. Only a mail can tell, so this refuses no more than what can't be:
/// there is one `@` with something on both sides, no space, and a domain of at least two labels.
pub(crate) fn is_valid(email: &str) -> bool {
    let Some((local, domain)) = email.split_once('@') else { return false };
    let visible = |c: char| !c.is_whitespace() && !c.is_control();
    let dots = |part: &str| !part.starts_with('.') && !part.ends_with('.') && !part.contains("..");
    email.len() <= LONGEST
        && email.chars().all(visible)
        && (1..=LONGEST_LOCAL).contains(&local.len())
        && dots(local)
        && domain.contains('.')
        && domain.split('.').all(is_label)
}

fn is_label(label: &str) -> bool {
    // Beyond ASCII for domains in other scripts.
    let letter = |c: char| c.is_alphanumeric() || c == '-';
    (1..=LONGEST_LABEL).contains(&label.len())
        && label.chars().all(letter)
        && !label.starts_with('-')
        && !label.ends_with('-')
}

/// Equal for addresses that are taken for the same: case doesn't count. The standard leaves the
/// part before the `@` to its host, but no host in use tells `Ada` from `ada`.
pub(crate) fn identity(email: &str) -> String {
    email.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        let long = format!("{}@example.com", "a".repeat(LONGEST_LOCAL));
        for email in ["ada@example.com", "a.b+c@mail.example.co.uk", "åsa@exämple.se", &long] {
            assert!(is_valid(email), "{email}");
        }
    }

    #[test]
    fn what_is_no_address() {
        let long = format!("{}@example.com", "a".repeat(LONGEST_LOCAL + 1));
        let label = format!("a@{}.com", "b".repeat(LONGEST_LABEL + 1));
        let whole = format!("a@{}com", "b.".repeat(LONGEST / 2));
        for email in [
            "",
            "ada",
            "@",
            "ada@",
            "@example.com",
            "ada@example",
            "ada@@example.com",
            "a@b@c.de",
            "ada lovelace@example.com",
            "ada@exa mple.com",
            "ada@example..com",
            "ada@.com",
            "ada@example.com.",
            ".ada@example.com",
            "ada.@example.com",
            "a..b@example.com",
            "ada@-example.com",
            "ada@example-.com",
            "ada@exa_mple.com",
            "ada\n@example.com",
            &long,
            &label,
            &whole,
        ] {
            assert!(!is_valid(email), "{email}");
        }
    }

    #[test]
    fn case_does_not_count() {
        assert_eq!(identity("Ada@Example.COM"), identity("ada@example.com"));
    }
}
