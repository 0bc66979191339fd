//! Ratios between the contenders of one cell: the medians of what each round says.

use super::figure::Figure;
use super::row::{Labels, Row};
use crate::measure::Sample;

/// Fills in every row's ratios. A peer that has the same kind of turn is compared with, or else
/// the peer's only row: whoever can't tell turns apart stands for both kinds.
pub(crate) fn compare(rows: &mut [Row], samples: &[Vec<Sample>]) {
    let labels: Vec<Labels> = rows.iter().map(|row| row.labels.clone()).collect();
    for (mine, row) in rows.iter_mut().enumerate() {
        for (theirs, peer) in labels.iter().enumerate() {
            let same_turn = labels
                .iter()
                .any(|other| other.contender == peer.contender && other.turn == labels[mine].turn);
            let stands_for_it = peer.turn == labels[mine].turn || !same_turn;
            if !labels[mine].is_compared_with(peer) || !stands_for_it {
                continue;
            }
            let ratio = |of: fn(&Sample) -> Option<f64>| {
                let rounds = samples[mine].iter().zip(&samples[theirs]);
                let by_round = rounds.filter_map(|(a, b)| Some(of(a)? / of(b)?));
                Figure::of(by_round).map(|ratio| (peer.peer(), ratio.median))
            };
            row.ratio.extend(ratio(|s| Some(s.calls_per_s())));
            row.ratio_cpu.extend(ratio(|s| Some(s.cpu_us / s.calls as f64)));
            row.ratio_p50.extend(ratio(|s| s.p50_us));
            row.ratio_p99.extend(ratio(|s| s.p99_us));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::figure::Figures;
    use super::super::row::BESIDE_SLOW;
    use super::*;

    fn row(contender: &str, turn: Option<&'static str>) -> Row {
        let labels = Labels { contender: contender.to_owned(), turn, ..Labels::default() };
        Row::new(labels, Figures::default())
    }

    fn sample(calls: u64) -> Sample {
        Sample {
            calls,
            seconds: 1.0,
            cpu_us: 1.0,
            front_cpu_us: None,
            p50_us: None,
            p99_us: None,
            rss_kib: 1,
            bytes_each: None,
        }
    }

    #[test]
    fn a_peer_without_turns_stands_for_both_kinds() {
        let mut rows =
            [row("seam", Some("shared")), row("seam", Some("exclusive")), row("kameo", None)];
        let samples = [
            vec![sample(100), sample(300)],
            vec![sample(50), sample(50)],
            vec![sample(10), sample(10)],
        ];
        compare(&mut rows, &samples);
        assert_eq!(rows[0].ratio["kameo"], 20.0);
        assert_eq!(rows[1].ratio["kameo"], 5.0);
        assert!(rows[2].ratio.contains_key("seam"));
    }

    #[test]
    fn a_slow_call_beside_it_is_held_against_the_same_contender_without() {
        let message = |mut row: Row, message| {
            row.labels.message = Some(message);
            row
        };
        let mut rows = [
            message(row("seam", None), "price"),
            message(row("tonic", None), "price"),
            message(row("seam", None), BESIDE_SLOW),
            message(row("tonic", None), BESIDE_SLOW),
        ];
        let samples = [400, 40, 100, 20].map(|calls| vec![sample(calls)]);
        compare(&mut rows, &samples);
        let names = |row: &Row| row.ratio.keys().cloned().collect::<Vec<_>>();
        assert_eq!((names(&rows[0]), rows[0].ratio["tonic"]), (vec!["tonic".to_owned()], 10.0));
        assert_eq!(rows[2].ratio["seam"], 0.25);
        assert_eq!(rows[2].ratio["tonic"], 5.0);
    }
}
