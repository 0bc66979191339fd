//! What an answer that is kept is in codings: coded for the first who takes one, and for nobody again.

use bytes::Bytes;
use parking_lot::RwLock;

use super::Coding;

/// The content of an answer in codings, which are no larger together than the answer is as it came.
#[derive(Debug)]
pub(crate) struct Coded {
    contents: RwLock<Vec<(Coding, Bytes)>>,
    most: usize,
}

impl Coded {
    /// None yet, of a content of that length.
    pub(crate) fn of(length: usize) -> Self {
        Self { contents: RwLock::default(), most: length }
    }

    pub(crate) fn get(&self, coding: Coding) -> Option<Bytes> {
        let contents = self.contents.read();
        contents.iter().find(|(own, _)| *own == coding).map(|(_, content)| content.clone())
    }

    /// Keeps the content in a coding, if there is room.
    pub(crate) fn put(&self, coding: Coding, content: &Bytes) {
        let mut contents = self.contents.write();
        let taken: usize = contents.iter().map(|(_, content)| content.len()).sum();
        let is_new = contents.iter().all(|(own, _)| *own != coding);
        if is_new && taken + content.len() <= self.most {
            contents.push((coding, content.clone()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_coding_is_kept_once_while_there_is_room() {
        let (coded, one) = (Coded::of(10), Bytes::from_static(b"12345"));
        assert_eq!(coded.get(Coding::Gzip), None);
        coded.put(Coding::Gzip, &one);
        coded.put(Coding::Gzip, &Bytes::from_static(b"1"));
        coded.put(Coding::Brotli, &Bytes::from_static(b"123456"));
        coded.put(Coding::Zstd, &one);
        let kept = [Coding::Gzip, Coding::Brotli, Coding::Zstd].map(|coding| coded.get(coding));
        assert_eq!(kept, [Some(one.clone()), None, Some(one)]);
    }
}
