//! Bytes that are mostly few, and then take no memory of their own.

use std::fmt;
use std::ops::Deref;

/// Bodies up to this long stand where they are.
const SHORT: usize = 64;

/// An encoded body. It is written in place: one that is made and then moved is copied twice.
#[derive(Clone)]
pub struct Body {
    short: [u8; SHORT],
    /// How many of them count; more than there are if the bytes are in `long`.
    len: usize,
    long: Vec<u8>,
}

impl Body {
    /// No bytes.
    #[inline]
    pub const fn new() -> Self {
        Self { short: [0; SHORT], len: 0, long: Vec::new() }
    }

    /// Becomes a copy of `bytes`.
    #[inline]
    pub fn set(&mut self, bytes: &[u8]) {
        self.len = bytes.len();
        match self.short.get_mut(..bytes.len()) {
            Some(short) => short.copy_from_slice(bytes),
            None => self.long = bytes.to_vec(),
        }
    }

    /// Becomes what `other` is, which may keep nothing of it that takes memory of its own.
    #[inline]
    pub fn take(&mut self, other: &mut Self) {
        if other.len <= SHORT {
            // All of it: so many bytes at once are fewer instructions than as many as it takes.
            (self.short, self.len) = (other.short, other.len);
            return;
        }
        (self.len, self.long) = (other.len, std::mem::take(&mut other.long));
        other.len = 0;
    }
}

impl Default for Body {
    fn default() -> Self {
        Self::new()
    }
}

impl Deref for Body {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        self.short.get(..self.len).unwrap_or(&self.long)
    }
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Self {
        let mut body = Self::new();
        if bytes.len() <= SHORT {
            body.set(&bytes);
        } else {
            (body.len, body.long) = (bytes.len(), bytes);
        }
        body
    }
}

impl PartialEq for Body {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Body {}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_what_it_was_set_to() {
        let mut body = Body::new();
        let mut taken = Body::new();
        for len in [0, 1, 63, 64, 65, 5_000, 64, 65, 3] {
            let bytes: Vec<u8> = (0..len).map(|n| n as u8).collect();
            body.set(&bytes);
            assert_eq!((&*body, &body), (&*bytes, &Body::from(bytes.clone())));
            taken.take(&mut body);
            assert_eq!(*taken, *bytes);
            assert!(body.long.is_empty(), "it keeps no memory");
        }
    }
}
