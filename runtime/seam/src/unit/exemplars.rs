//! For each step of a method's times, the last call in it that was recorded.

use std::collections::HashMap;

use seam_core::context::TraceId;
use seam_core::record::{Record, RecordKind, Recorder};
use seam_telemetry::{Latency, Side};

/// How many steps there are: the powers of two up to all of a number.
const STEPS: usize = 65;

/// Of all methods that were recorded.
#[derive(Default)]
pub(super) struct Exemplars(HashMap<(u32, u32, Side), Row>);

struct Row {
    service: String,
    method: String,
    steps: Box<[Option<(TraceId, u64)>; STEPS]>,
}

impl Exemplars {
    /// Notes a call.
    pub(super) fn note(&mut self, record: &Record, recorder: &Recorder) {
        let Some(known) = record.known else { return };
        let side = match record.kind {
            RecordKind::Client => Side::Made,
            RecordKind::Server => Side::Served,
            RecordKind::Request => return,
        };
        let row = self.0.entry((known, record.method, side)).or_insert_with(|| {
            let of = recorder.of(record);
            let name = of.and_then(|(service, contract)| {
                let method = contract.methods.get(record.method as usize)?;
                Some((service.bare().to_owned(), method.name.clone()))
            });
            let (service, method) = name.unwrap_or_default();
            Row { service, method, steps: Box::new([None; STEPS]) }
        });
        row.steps[step(record.took)] = Some((record.spot.trace, record.took));
    }

    /// Adds them to what was counted of these methods' times.
    pub(super) fn add_to(&self, all: &mut [Latency]) {
        for ((_, _, side), row) in &self.0 {
            let of = |own: &&mut Latency| {
                own.side == *side && own.service == row.service && own.method == row.method
            };
            let Some(latency) = all.iter_mut().find(of) else { continue };
            let noted = row.steps.iter().enumerate();
            latency.exemplars = noted
                .filter_map(|(step, noted)| {
                    let (trace, took) = (*noted)?;
                    Some((upper(step), trace.to_string(), took))
                })
                .collect();
        }
    }
}

/// The step in which something of so many nanoseconds is.
const fn step(took: u64) -> usize {
    match took.checked_next_power_of_two() {
        Some(upper) => upper.trailing_zeros() as usize,
        None => STEPS - 1,
    }
}

fn upper(step: usize) -> u64 {
    1_u64.checked_shl(step as u32).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_power_of_two_is_the_upper_end_of_its_step() {
        for (took, end) in [(0, 1), (1, 1), (3, 4), (4, 4), (16_385, 32_768)] {
            assert_eq!(upper(step(took)), end);
        }
        assert_eq!(upper(step(u64::MAX)), u64::MAX);
    }
}
