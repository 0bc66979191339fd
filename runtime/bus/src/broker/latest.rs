//! The last event of each topic: by it who subscribes to some of them sees that one is missing.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::intake::Position;

/// The positions of the last events of a publisher, by topic. Displayed it is a text for a header,
/// `order.created:12 order.paid:9`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Latest(BTreeMap<String, Position>);

impl Latest {
    /// As it is displayed; what isn't so is passed over.
    pub fn of(text: &str) -> Self {
        let one = |entry: &str| {
            let (topic, position) = entry.rsplit_once(':')?;
            Some((topic.to_owned(), position.parse().ok()?))
        };
        Self(text.split(' ').filter_map(one).collect())
    }

    /// An event came.
    pub fn came(&mut self, topic: &str, position: Position) {
        match self.0.get_mut(topic) {
            Some(last) => *last = position,
            None => {
                self.0.insert(topic.to_owned(), position);
            }
        }
    }

    /// The last of those topics; 0 if there was none.
    pub fn among(&self, is_one: impl Fn(&str) -> bool) -> Position {
        let those = self.0.iter().filter(|(topic, _)| is_one(topic));
        those.map(|(_, position)| *position).max().unwrap_or(0)
    }
}

impl fmt::Display for Latest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, (topic, position)) in self.0.iter().enumerate() {
            let space = if number == 0 { "" } else { " " };
            write!(f, "{space}{topic}:{position}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_same_as_text() {
        let mut latest = Latest::default();
        assert_eq!((latest.to_string(), Latest::of("")), (String::new(), latest.clone()));
        for (topic, position) in [("order.paid", 3), ("order.created", 4), ("order.paid", 7)] {
            latest.came(topic, position);
        }
        assert_eq!(latest.to_string(), "order.created:4 order.paid:7");
        assert_eq!(Latest::of(&latest.to_string()), latest);
        assert_eq!(latest.among(|topic| topic == "order.created"), 4);
        assert_eq!((latest.among(|_| true), latest.among(|_| false)), (7, 0));
        assert_eq!(Latest::of("a b:c d:1:2").to_string(), "d:1:2");
    }
}
