//! In which order units stop: whoever calls before whoever is called, so that work in flight
//! finds everything that it still needs.

/// For each unit the units that must have ended before it is told to stop: all that reach it by
/// calls, however many units lie between. `calls(a, b)` says whether `a` calls `b`.
///
/// Units in a circle don't wait for each other: they stop together.
pub(in crate::command) fn after(
    units: usize,
    calls: impl Fn(usize, usize) -> bool,
) -> Vec<Vec<usize>> {
    let mut reach: Vec<Vec<bool>> =
        (0..units).map(|a| (0..units).map(|b| a != b && calls(a, b)).collect()).collect();
    for via in 0..units {
        let onwards = reach[via].clone();
        for from in reach.iter_mut().filter(|from| from[via]) {
            from.iter_mut().zip(&onwards).for_each(|(there, on)| *there |= on);
        }
    }
    let before = |unit: usize| (0..units).filter(move |other| *other != unit);
    (0..units)
        .map(|unit| {
            before(unit).filter(|other| reach[*other][unit] && !reach[unit][*other]).collect()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(units: usize, calls: &[(usize, usize)]) -> Vec<Vec<usize>> {
        after(units, |a, b| calls.contains(&(a, b)))
    }

    #[test]
    fn callers_stop_first_through_units_that_lie_between() {
        assert_eq!(order(3, &[(0, 1), (1, 2)]), [vec![], vec![0], vec![0, 1]]);
        assert_eq!(order(3, &[(2, 0), (2, 1)]), [vec![2], vec![2], vec![]]);
        assert_eq!(order(2, &[]), [vec![], vec![]] as [Vec<usize>; 2]);
    }

    #[test]
    fn units_in_a_circle_stop_together_after_those_that_call_in() {
        let calls = [(0, 1), (1, 2), (2, 1), (2, 3), (1, 1)];
        assert_eq!(order(4, &calls), [vec![], vec![0], vec![0], vec![0, 1, 2]]);
    }
}
