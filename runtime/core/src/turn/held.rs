//! A message on its way to its turn.

/// A message until its turn takes it. Whoever holds it has it back if the turn doesn't begin.
#[derive(Debug)]
// Its mark is beside the message, and not in one of its fields: the message is moved as one.
#[repr(u8)]
pub enum Held<M> {
    /// It is here.
    Here(M),
    /// It was taken.
    Taken,
}

impl<M> Held<M> {
    /// Takes it, once.
    #[inline]
    pub(super) fn take(&mut self) -> M {
        match std::mem::replace(self, Self::Taken) {
            Self::Here(message) => message,
            Self::Taken => panic!("a call has its message until its turn takes it"),
        }
    }
}
