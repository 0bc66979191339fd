//! The members of a problem that are the runtime's own.

/// A member of every problem (RFC 9457) that the edge answers. A field of a service's error that
/// has such a name is left out of the problem: a service can't speak for the runtime.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProblemMember {
    /// Where the code is explained.
    Type,
    /// The status in words.
    Title,
    /// The HTTP status.
    Status,
    /// What is wrong, for people.
    Detail,
    /// Which occurrence this is: kept for the protocol's sake, and never written.
    Instance,
    /// The stable code.
    Code,
    /// What is certain of the call.
    Outcome,
    /// Under which id the logs know the request.
    RequestId,
}

impl ProblemMember {
    /// All of them, in their order.
    pub const ALL: [Self; 8] = [
        Self::Type,
        Self::Title,
        Self::Status,
        Self::Detail,
        Self::Instance,
        Self::Code,
        Self::Outcome,
        Self::RequestId,
    ];

    /// Its name in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Type => "type",
            Self::Title => "title",
            Self::Status => "status",
            Self::Detail => "detail",
            Self::Instance => "instance",
            Self::Code => "code",
            Self::Outcome => "outcome",
            Self::RequestId => "requestId",
        }
    }

    /// Whether a member of that name is the runtime's.
    pub fn is_reserved(name: &str) -> bool {
        Self::ALL.iter().any(|member| member.as_str() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Members by name; one that is new doesn't compile before it is among them.
    macro_rules! each {
        ($($name:ident)*) => {{
            const _: fn(ProblemMember) = |member| match member {
                $(ProblemMember::$name => (),)*
            };
            [$(ProblemMember::$name),*]
        }};
    }

    #[test]
    fn every_member_is_listed() {
        let each = each!(Type Title Status Detail Instance Code Outcome RequestId);
        assert_eq!(each, ProblemMember::ALL);
        assert!(each.iter().all(|member| ProblemMember::is_reserved(member.as_str())));
        assert!(!ProblemMember::is_reserved("order"));
    }
}
