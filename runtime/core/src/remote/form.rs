//! In what form the parts of a call are.

/// In what form the arguments of a call are, and so its reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Form {
    /// As [`codec`](crate::codec) writes them: both sides were built with the same types.
    #[default]
    Encoded,
    /// As JSON text, by name: the callee alone knows the types. What a reply is then, the wire's
    /// PROTOCOL.md says.
    Json,
}
