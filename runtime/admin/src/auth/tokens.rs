//! Tokens that scripts send.

use ring::digest::{Digest, SHA256, digest};
use subtle::{Choice, ConditionallySelectable as _, ConstantTimeEq as _};

use super::{OperatorToken, Role, Who};
use crate::settings::NamedToken;

/// What the audit calls who has the operator's own token.
const OPERATOR: &str = "admin";

/// The tokens that are known. How long it takes to look one up tells nothing of them.
#[derive(Debug)]
pub(crate) struct Tokens(Vec<(Digest, Who)>);

impl Tokens {
    pub(crate) fn new(operator: &OperatorToken, named: &[NamedToken]) -> Self {
        let own = (operator.reveal(), Who::new(OPERATOR, Role::Operator));
        // An empty one is none that anybody could send.
        let named = named.iter().filter(|named| !named.token.is_empty());
        let named = named.map(|own| (own.token.as_str(), Who::new(&own.name, own.role)));
        let all = std::iter::once(own).chain(named);
        Self(all.map(|(token, who)| (digest(&SHA256, token.as_bytes()), who)).collect())
    }

    /// Whose token that is.
    pub(crate) fn whose(&self, sent: &str) -> Option<&Who> {
        let sent = digest(&SHA256, sent.as_bytes());
        let (mut found, mut any) = (0, Choice::from(0));
        for (index, (known, _)) in (0..).zip(&self.0) {
            let same = known.as_ref().ct_eq(sent.as_ref());
            found.conditional_assign(&index, same);
            any |= same;
        }
        bool::from(any).then(|| self.0.get(found as usize)).flatten().map(|(_, who)| who)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_token_has_its_name_and_role() {
        let data = tempfile::tempdir().unwrap();
        let operator = OperatorToken::open(data.path()).unwrap();
        let named = |name: &str, role, token: &str| NamedToken {
            name: name.into(),
            role,
            token: token.into(),
        };
        let tokens = Tokens::new(
            &operator,
            &[named("grafana", Role::Viewer, "abc"), named("empty", Role::Operator, "")],
        );
        let whose = |token: &str| tokens.whose(token).map(|who| (who.name.as_str(), who.role));
        assert_eq!(whose(operator.reveal()), Some(("admin", Role::Operator)));
        assert_eq!(whose("abc"), Some(("grafana", Role::Viewer)));
        for wrong in ["", "ab", "abcd", "ABC"] {
            assert_eq!(whose(wrong), None, "{wrong}");
        }
    }
}
