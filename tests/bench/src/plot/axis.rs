//! Where a value lies on an axis, and where its marks are.

/// How an axis runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scale {
    /// From zero.
    Linear,
    /// From 1, 2 or 5 of a power of ten to another.
    Log,
}

/// One axis with its range.
#[derive(Clone, Copy, Debug)]
pub(super) struct Axis {
    scale: Scale,
    from: f64,
    to: f64,
}

impl Axis {
    /// An axis that shows all of `values`.
    pub(super) fn over(scale: Scale, values: impl Iterator<Item = f64> + Clone) -> Self {
        let least = values.clone().fold(f64::INFINITY, f64::min);
        let most = values.fold(f64::MIN_POSITIVE, f64::max);
        match scale {
            Scale::Linear => Self { scale, from: 0.0, to: step(most) * (most / step(most)).ceil() },
            Scale::Log => {
                let from = rounds(least).take_while(|v| *v <= least * 1.001).last();
                let from = from.unwrap_or(least);
                let to = rounds(most).find(|v| *v >= most * 0.999 && *v > from);
                Self { scale, from, to: to.unwrap_or(most) }
            }
        }
    }

    /// An axis that ends where the values end, for what is counted in given steps.
    pub(super) fn between(scale: Scale, values: impl Iterator<Item = f64> + Clone) -> Self {
        let from = values.clone().fold(f64::INFINITY, f64::min);
        let to = values.fold(f64::MIN_POSITIVE, f64::max);
        Self { scale, from, to: if to > from { to } else { from + 1.0 } }
    }

    /// Where `value` lies: 0 at the beginning, 1 at the end.
    pub(super) fn place(self, value: f64) -> f64 {
        match self.scale {
            Scale::Linear => (value - self.from) / (self.to - self.from),
            Scale::Log => (value / self.from).ln() / (self.to / self.from).ln(),
        }
    }

    /// Where lines across the picture help the eye.
    pub(super) fn marks(self) -> Vec<f64> {
        match self.scale {
            Scale::Linear => {
                let step = step(self.to);
                (0..=10).map(|n| f64::from(n) * step).filter(|v| *v <= self.to * 1.001).collect()
            }
            Scale::Log => {
                let within = |v: &f64| (self.from * 0.999..=self.to * 1.001).contains(v);
                let marks = (0..20).flat_map(|n| rounds(self.from * 10_f64.powi(n)).take(3));
                let mut marks: Vec<f64> = marks.filter(within).collect();
                if self.to / self.from > 200.0 {
                    marks.retain(|v| is_power(*v));
                }
                marks
            }
        }
    }
}

/// 1, 2 and 5 of the power of ten that isn't above `value`, and of those that follow.
fn rounds(value: f64) -> impl Iterator<Item = f64> {
    let power = (value.log10() + 1e-9).floor();
    (0..60).map(move |n| {
        let digit = [1.0, 2.0, 5.0][n % 3];
        digit * 10_f64.powf(power + (n / 3) as f64)
    })
}

fn is_power(value: f64) -> bool {
    (value.log10() - value.log10().round()).abs() < 1e-6
}

/// 1, 2 or 5 of some power of ten, so that some five of them make up `most`.
fn step(most: f64) -> f64 {
    let rough = most / 5.0;
    let power = 10_f64.powf(rough.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0];
    steps.into_iter().map(|s| s * power).find(|s| *s >= rough * 0.999).unwrap_or(power * 10.0)
}

/// A number as short as people write it: 1.2 M, 64 k.
pub(super) fn short(value: f64) -> String {
    let (value, unit) = match value {
        v if v >= 1e9 => (v / 1e9, " G"),
        v if v >= 1e6 => (v / 1e6, " M"),
        v if v >= 1e3 => (v / 1e3, " k"),
        v => (v, ""),
    };
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    format!("{text}{unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_linear_axis_begins_at_zero_and_ends_at_a_mark() {
        let axis = Axis::over(Scale::Linear, [3.0, 17.0].into_iter());
        assert_eq!(axis.marks(), [0.0, 5.0, 10.0, 15.0, 20.0]);
        assert_eq!(axis.place(5.0), 0.25);
    }

    #[track_caller]
    fn marked(values: [f64; 2], marks: &[&str]) {
        let axis = Axis::over(Scale::Log, values.into_iter());
        assert_eq!(axis.marks().into_iter().map(short).collect::<Vec<_>>(), marks);
        for value in values {
            assert!((-1e-3..=1.001).contains(&axis.place(value)), "{value}");
        }
    }

    #[test]
    fn a_logarithmic_axis_begins_and_ends_near_its_values() {
        marked([30.0, 900.0], &["20", "50", "100", "200", "500", "1 k"]);
        marked([1.0, 10.0], &["1", "2", "5", "10"]);
        marked([7.0, 7.0], &["5", "10"]);
        let axis = Axis::over(Scale::Log, [1.0, 100.0].into_iter());
        assert!((axis.place(10.0) - 0.5).abs() < 1e-9);
    }

    #[test]
    fn a_long_one_has_a_mark_per_power_of_ten() {
        marked([0.12, 4_900.0], &["0.1", "1", "10", "100", "1 k"]);
    }

    #[test]
    fn numbers_are_short() {
        assert_eq!(short(2e9), "2 G");
        assert_eq!(short(1_250_000.0), "1.25 M");
        assert_eq!(short(64_000.0), "64 k");
        assert_eq!(short(0.5), "0.5");
    }
}
