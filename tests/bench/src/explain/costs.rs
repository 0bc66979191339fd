//! Counts by layer. An instruction belongs to the innermost function around it that a layer owns,
//! inlined functions included. What no layer owns (copying, allocating, what the standard library
//! does) belongs to whoever called it.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;
use std::ops::{Add, Div};

use super::profile::{Place, Profile};

/// What is known of instructions, beside how often they ran.
pub(super) trait Code {
    type Layer: Clone + Ord;
    type Function: Clone + Eq + Hash;

    /// Whose an instruction is, if that can be told where it stands.
    fn layer(&self, place: &Place) -> Option<Self::Layer>;
    /// What `place` is a part of; calls go to functions.
    fn function(&self, place: &Place) -> Self::Function;
    /// Whose a function's instructions are that `caller` called.
    fn called(&self, function: &Self::Function, caller: Self::Layer) -> Self::Layer;
    /// Whose they are whom nobody was seen to call.
    fn nobody(&self) -> Self::Layer;
    /// Whether the instruction locks memory.
    fn locks(&self, place: &Place) -> bool;
}

/// What a layer took, in a whole run.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Cost {
    pub(super) instructions: f64,
    /// Those of them that lock memory: each costs as much as some twenty others.
    pub(super) locking: f64,
}

impl Add for Cost {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            instructions: self.instructions + other.instructions,
            locking: self.locking + other.locking,
        }
    }
}

impl Div<f64> for Cost {
    type Output = Self;

    fn div(self, by: f64) -> Self {
        Self { instructions: self.instructions / by, locking: self.locking / by }
    }
}

/// Whose how much of something is; the parts' sum is one.
type Shares<L> = Vec<(L, f64)>;

/// The costs of every layer. Their sum is all that ran.
pub(super) fn costs<C: Code>(profile: &Profile, code: &C) -> BTreeMap<C::Layer, Cost> {
    let mut callers: HashMap<C::Function, Vec<(&Place, u64)>> = HashMap::new();
    for call in &profile.calls {
        let from = callers.entry(code.function(&call.to)).or_default();
        from.push((&call.from, call.instructions));
    }
    let mut attribution = Attribution { code, callers, known: HashMap::new() };
    let mut costs: BTreeMap<C::Layer, Cost> = BTreeMap::new();
    for (place, count) in &profile.ran {
        let locks = code.locks(place);
        for (layer, share) in attribution.of(place) {
            let cost = costs.entry(layer).or_default();
            let instructions = *count as f64 * share;
            cost.instructions += instructions;
            if locks {
                cost.locking += instructions;
            }
        }
    }
    costs
}

struct Attribution<'a, C: Code> {
    code: &'a C,
    /// By function: the instructions that called it, and how much ran for each.
    callers: HashMap<C::Function, Vec<(&'a Place, u64)>>,
    /// None while it is being found out: a function that calls itself is its first caller's.
    known: HashMap<C::Function, Option<Shares<C::Layer>>>,
}

impl<C: Code> Attribution<'_, C> {
    fn of(&mut self, place: &Place) -> Shares<C::Layer> {
        match self.code.layer(place) {
            Some(layer) => vec![(layer, 1.0)],
            None => self.of_callers(self.code.function(place)),
        }
    }

    fn of_callers(&mut self, function: C::Function) -> Shares<C::Layer> {
        match self.known.get(&function) {
            Some(Some(shares)) => return shares.clone(),
            Some(None) => return Vec::new(),
            None => {}
        }
        self.known.insert(function.clone(), None);
        let mut parts: BTreeMap<C::Layer, f64> = BTreeMap::new();
        for (place, count) in self.callers.get(&function).cloned().unwrap_or_default() {
            for (layer, share) in self.of(place) {
                let layer = self.code.called(&function, layer);
                *parts.entry(layer).or_default() += share * count as f64;
            }
        }
        let whole: f64 = parts.values().sum();
        let shares: Shares<_> = if whole > 0.0 {
            parts.into_iter().map(|(layer, part)| (layer, part / whole)).collect()
        } else {
            vec![(self.code.nobody(), 1.0)]
        };
        self.known.insert(function, Some(shares.clone()));
        shares
    }
}

#[cfg(test)]
mod tests {
    use super::super::profile::Call;
    use super::*;

    /// A function's layer is its name's first letter, unless that is a lowercase one.
    struct Letters;

    impl Code for Letters {
        type Layer = char;
        type Function = String;

        fn layer(&self, place: &Place) -> Option<char> {
            place.function.chars().next().filter(char::is_ascii_uppercase)
        }
        fn function(&self, place: &Place) -> String {
            place.function.clone()
        }
        fn called(&self, function: &String, caller: char) -> char {
            if function == "malloc" && caller == 'B' { 'M' } else { caller }
        }
        fn nobody(&self) -> char {
            '?'
        }
        fn locks(&self, place: &Place) -> bool {
            place.address == 7
        }
    }

    fn place(function: &str, address: u64) -> Place {
        Place { object: String::new(), function: function.to_owned(), address }
    }

    fn call(from: &str, to: &str, instructions: u64) -> Call {
        Call { from: place(from, 1), to: place(to, 1), instructions }
    }

    #[test]
    fn what_no_layer_owns_is_its_callers_and_nothing_is_lost() {
        let profile = Profile {
            ran: vec![
                (place("A", 1), 100),
                (place("B", 7), 10),
                (place("copy", 1), 40),
                (place("malloc", 7), 8),
                (place("start", 1), 2),
            ],
            calls: vec![
                call("A", "copy", 30),
                call("B", "copy", 10),
                // Through a function that no layer owns either.
                call("A", "grow", 4),
                call("grow", "malloc", 4),
                call("B", "malloc", 4),
                call("copy", "copy", 5),
            ],
        };
        let costs = costs(&profile, &Letters);
        let cost = |instructions, locking| Cost { instructions, locking };
        assert_eq!(costs[&'A'], cost(100.0 + 30.0 + 4.0, 4.0));
        assert_eq!(costs[&'B'], cost(10.0 + 10.0, 10.0));
        assert_eq!(costs[&'M'], cost(4.0, 4.0));
        assert_eq!(costs[&'?'], cost(2.0, 0.0));
        let all: f64 = costs.values().map(|cost| cost.instructions).sum();
        assert_eq!(all, 160.0);
    }
}
