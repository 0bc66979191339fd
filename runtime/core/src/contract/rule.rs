//! Who may ask for a method at the edge: `#[call(allow = "self:user_id or role:support")]`.

use std::fmt;

use super::MethodDescriptor;
use crate::context::Principal;

/// A rule: whoever one of its parts lets in may ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule(Box<[Grant]>);

/// One part of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Grant {
    /// `anyone`: also who says nothing of itself.
    Anyone,
    /// `signed_in`: whoever is known.
    SignedIn,
    /// `role:NAME`: whoever has that role.
    Role(Box<str>),
    /// `self:ARGUMENT`: whose subject is that argument. The name is the argument's in JSON.
    Own(Box<str>),
}

/// What a rule says of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It may be answered.
    Granted,
    /// Nobody is known, and somebody has to be.
    Unauthenticated,
    /// Whoever asks may not.
    Denied,
}

/// A text that is no rule, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct RuleError(String);

impl Default for Rule {
    /// `signed_in`.
    fn default() -> Self {
        Self(Box::new([Grant::SignedIn]))
    }
}

impl Rule {
    /// Reads a rule: parts that are joined by ` or `. Arguments may be spelled as in Rust or in JSON.
    ///
    /// # Errors
    /// If a part is none.
    pub fn parse(text: &str) -> Result<Self, RuleError> {
        let grants = text.split(" or ").map(|part| Grant::parse(part.trim()));
        grants.collect::<Result<_, _>>().map(Self)
    }

    /// Whether it can be a method's.
    ///
    /// # Errors
    /// If it looks at an argument that the method hasn't.
    pub fn check(&self, method: &MethodDescriptor) -> Result<(), RuleError> {
        for grant in &self.0 {
            if let Grant::Own(name) = grant
                && method.arguments.iter().all(|argument| *argument.name != **name)
            {
                let names: Vec<_> = method.arguments.iter().map(|own| own.name.as_str()).collect();
                let has = match names[..] {
                    [] => "it has none".to_owned(),
                    _ => format!("it has {}", names.join(", ")),
                };
                return Err(RuleError(format!(
                    "`{}` has no argument `{name}`: {has}",
                    method.name
                )));
            }
        }
        Ok(())
    }

    /// The rule that a method's own contract has for it; without one `signed_in`. One that can't be read
    /// lets nobody in.
    pub fn of(method: &MethodDescriptor) -> Self {
        match &method.allow {
            Some(text) => Self::parse(text).unwrap_or(Self(Box::default())),
            None => Self::default(),
        }
    }

    /// Whether it lets in whoever comes.
    pub fn is_for_anyone(&self) -> bool {
        self.0.contains(&Grant::Anyone)
    }

    /// Whether it looks at arguments.
    pub fn looks_at_arguments(&self) -> bool {
        self.0.iter().any(|grant| matches!(grant, Grant::Own(_)))
    }

    /// What it says of `principal`'s request, of whose arguments `argument` says the texts.
    pub fn judge(
        &self,
        principal: Option<&Principal>,
        argument: impl Fn(&str) -> Option<String>,
    ) -> Verdict {
        self.decide(principal, |name, subject| argument(name).is_some_and(|text| text == subject))
    }

    /// The same before the arguments are known for sure: what isn't told by `argument` may turn out to
    /// be right.
    pub fn foresee(
        &self,
        principal: Option<&Principal>,
        argument: impl Fn(&str) -> Option<String>,
    ) -> Verdict {
        self.decide(principal, |name, subject| argument(name).is_none_or(|text| text == subject))
    }

    fn decide(
        &self,
        principal: Option<&Principal>,
        is_own: impl Fn(&str, &str) -> bool,
    ) -> Verdict {
        if self.is_for_anyone() {
            return Verdict::Granted;
        }
        let Some(principal) = principal else { return Verdict::Unauthenticated };
        let by_role = |grant: &Grant| match grant {
            Grant::Anyone | Grant::SignedIn => true,
            Grant::Role(role) => principal.has_role(role),
            Grant::Own(_) => false,
        };
        let by_argument = |grant: &Grant| match grant {
            Grant::Own(name) => is_own(name, &principal.subject),
            _ => false,
        };
        // Arguments have to be looked for.
        let lets_in = self.0.iter().any(by_role) || self.0.iter().any(by_argument);
        if lets_in { Verdict::Granted } else { Verdict::Denied }
    }
}

impl Grant {
    fn parse(part: &str) -> Result<Self, RuleError> {
        match part.split_once(':').unwrap_or((part, "")) {
            ("anyone", "") if part == "anyone" => Ok(Self::Anyone),
            ("signed_in", "") if part == "signed_in" => Ok(Self::SignedIn),
            ("role", name) if is_name(name) => Ok(Self::Role(name.into())),
            ("self", name) if is_name(name) => Ok(Self::Own(camel(name).into())),
            _ => Err(RuleError(format!(
                "`{part}` lets nobody in: use `anyone`, `signed_in`, `role:NAME` or `self:ARGUMENT`, \
                 joined by ` or `"
            ))),
        }
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(char::is_whitespace)
}

/// `user_id` → `userId`, as arguments are called in JSON.
fn camel(name: &str) -> String {
    let mut words = name.split('_').filter(|word| !word.is_empty());
    let mut camel = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut letters = word.chars();
        camel.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        camel.push_str(letters.as_str());
    }
    camel
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, grant) in self.0.iter().enumerate() {
            f.write_str(if at > 0 { " or " } else { "" })?;
            match grant {
                Grant::Anyone => f.write_str("anyone")?,
                Grant::SignedIn => f.write_str("signed_in")?,
                Grant::Role(name) => write!(f, "role:{name}")?,
                Grant::Own(name) => write!(f, "self:{name}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::ArgumentDescriptor;

    fn method() -> MethodDescriptor {
        let argument = ArgumentDescriptor { name: "userId".into(), doc: String::new() };
        MethodDescriptor { arguments: vec![argument], ..MethodDescriptor::plain("list", 0) }
    }

    fn rule(text: &str) -> Rule {
        Rule::parse(text).unwrap()
    }

    #[test]
    fn whoever_one_part_lets_in_may_ask() {
        let (ada, eve) = (Principal::new("1", "jwt"), Principal::new("2", "jwt"));
        let support = Principal::new("9", "jwt").with_roles(["support"]);
        let of_ada = |_: &str| Some("1".to_owned());
        let cases = [
            ("anyone", [true, true, true, true]),
            ("signed_in", [false, true, true, true]),
            ("role:support", [false, false, false, true]),
            ("self:user_id", [false, true, false, false]),
            ("self:userId or role:support", [false, true, false, true]),
            ("role:support or anyone", [true, true, true, true]),
        ];
        for (text, may) in cases {
            let rule = rule(text);
            let asking = [None, Some(&ada), Some(&eve), Some(&support)];
            for (who, may) in asking.into_iter().zip(may) {
                let expected = match (may, who) {
                    (true, _) => Verdict::Granted,
                    (false, None) => Verdict::Unauthenticated,
                    (false, Some(_)) => Verdict::Denied,
                };
                assert_eq!(rule.judge(who, of_ada), expected, "{text} for {who:?}");
            }
        }
    }

    #[test]
    fn what_is_not_told_may_turn_out_to_be_right_but_is_not_granted() {
        let (rule, ada) = (rule("self:user_id"), Principal::new("1", "jwt"));
        assert_eq!(rule.foresee(Some(&ada), |_| None), Verdict::Granted);
        assert_eq!(rule.foresee(Some(&ada), |_| Some("2".into())), Verdict::Denied);
        assert_eq!(rule.foresee(None, |_| None), Verdict::Unauthenticated);
        assert_eq!(rule.judge(Some(&ada), |_| None), Verdict::Denied);
    }

    #[test]
    fn a_rule_is_written_as_it_is_read_and_what_is_none_is_told() {
        for text in ["anyone", "signed_in", "self:userId or role:support", "role:a-b or role:c"] {
            assert_eq!(rule(text).to_string(), text);
        }
        let wrong = |text| Rule::parse(text).unwrap_err().to_string();
        for text in
            ["", "all", "role:", "role:a b", "anyone and role:x", "anyone:x", "anyone:", "or"]
        {
            assert!(wrong(text).contains("lets nobody in"), "{text}");
        }
        assert_eq!(rule("self:user_id").check(&method()), Ok(()));
        let missing = rule("role:x or self:id").check(&method()).unwrap_err().to_string();
        assert_eq!(missing, "`list` has no argument `id`: it has userId");
        let unreadable = MethodDescriptor { allow: Some("all".into()), ..method() };
        let nobody = Rule::of(&unreadable).judge(Some(&Principal::new("1", "jwt")), |_| None);
        assert_eq!(nobody, Verdict::Denied);
    }
}
