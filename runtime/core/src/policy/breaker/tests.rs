use std::time::Duration;

use super::super::support::{Chance, at};
use super::*;

fn none() -> f64 {
    0.0
}

/// Lets a call in that ends at once.
fn call(breaker: &Breaker, now: Moment, verdict: Verdict) -> Admission {
    let admission = breaker.admit(now);
    if let Admission::Admitted(pass) | Admission::Probe(pass) = admission {
        breaker.record(now, none, pass, verdict);
    }
    admission
}

fn fail(breaker: &Breaker, now: Moment, times: u32) {
    for _ in 0..times {
        call(breaker, now, Verdict::Failed);
    }
}

fn probe(breaker: &Breaker, now: Moment) -> Pass {
    match breaker.admit(now) {
        Admission::Probe(pass) => pass,
        other => panic!("no probe: {other:?}"),
    }
}

fn open_until(millis: u64) -> BreakerState {
    BreakerState::Open { until: at(millis) }
}

#[test]
fn five_failures_in_a_row_open_it() {
    let breaker = Breaker::default();
    fail(&breaker, at(0), 4);
    call(&breaker, at(0), Verdict::Answered);
    fail(&breaker, at(0), 4);
    assert_eq!(breaker.state(), BreakerState::Closed);
    assert_eq!(breaker.standing(at(0)), Standing::Ready);
    call(&breaker, at(7), Verdict::Untold);
    fail(&breaker, at(7), 1);
    assert_eq!(breaker.state(), open_until(1_007));
    assert_eq!(breaker.admit(at(1_006)), Admission::Open { until: at(1_007) });
    assert_eq!(breaker.standing(at(1_006)), Standing::Shut);
    assert_eq!(breaker.standing(at(1_007)), Standing::Due);
}

#[test]
fn so_does_a_bad_rate_of_at_least_twenty_calls() {
    let breaker = Breaker::default();
    // Fewer in a row than would open it.
    fail(&breaker, at(0), 1);
    for n in 0..16 {
        call(&breaker, at(n), Verdict::Answered);
    }
    fail(&breaker, at(20), 3);
    assert_eq!(breaker.state(), BreakerState::Closed, "80 % is good enough");
    fail(&breaker, at(20), 1);
    assert_eq!(breaker.state(), open_until(1_020));

    let few = Breaker::new(BreakerSettings { failures: 0, ..BreakerSettings::default() });
    fail(&few, at(0), 19);
    assert_eq!(few.state(), BreakerState::Closed);
    // Those are forgotten by then.
    fail(&few, at(11_000), 19);
    assert_eq!(few.state(), BreakerState::Closed);
    fail(&few, at(11_000), 1);
    assert_eq!(few.state(), open_until(12_000));
}

#[test]
fn one_call_is_on_probation() {
    let breaker = Breaker::default();
    fail(&breaker, at(0), 5);
    let pass = probe(&breaker, at(1_000));
    assert_eq!(breaker.state(), BreakerState::Probing { until: at(2_000) });
    assert_eq!(breaker.admit(at(1_500)), Admission::Open { until: at(2_000) });
    breaker.record(at(1_600), none, pass, Verdict::Answered);
    assert_eq!(breaker.state(), BreakerState::Closed);
    // All is forgotten: it takes five again.
    fail(&breaker, at(1_600), 4);
    assert_eq!(breaker.state(), BreakerState::Closed);
    fail(&breaker, at(1_600), 1);
    assert_eq!(breaker.state(), open_until(2_600), "and the first wait is a second again");
}

#[test]
fn it_is_open_for_longer_each_time() {
    let breaker = Breaker::default();
    fail(&breaker, at(0), 5);
    let mut now = 1_000;
    for wait in [2, 4, 8, 16, 32, 60, 60] {
        let pass = probe(&breaker, at(now));
        breaker.record(at(now), none, pass, Verdict::Failed);
        now += wait * 1_000;
        assert_eq!(breaker.state(), open_until(now));
    }
    let pass = probe(&breaker, at(now));
    breaker.record(at(now), || 1.0, pass, Verdict::Failed);
    assert_eq!(breaker.state(), open_until(now + 60_000), "also with jitter");
    let other = Breaker::default();
    fail(&other, at(0), 4);
    let Admission::Admitted(pass) = other.admit(at(0)) else { panic!("it is closed") };
    other.record(at(0), || 0.5, pass, Verdict::Failed);
    assert_eq!(other.state(), open_until(1_250));
}

#[test]
fn a_probe_that_is_never_told_of_bars_nobody_for_long() {
    let breaker = Breaker::default();
    fail(&breaker, at(0), 5);
    let lost = probe(&breaker, at(1_000));
    let next = probe(&breaker, at(2_000));
    // A late answer is one all the same, and the first to tell decides.
    breaker.record(at(2_500), none, lost, Verdict::Answered);
    assert_eq!(breaker.state(), BreakerState::Closed);
    breaker.record(at(2_600), none, next, Verdict::Failed);
    fail(&breaker, at(2_600), 3);
    assert_eq!(breaker.state(), BreakerState::Closed);
    fail(&breaker, at(2_600), 1);
    assert_eq!(breaker.state(), open_until(3_600));

    let gone = probe(&breaker, at(3_600));
    breaker.record(at(3_700), none, gone, Verdict::Untold);
    assert_eq!(breaker.standing(at(3_700)), Standing::Due);
    probe(&breaker, at(3_700));
}

#[test]
fn what_was_under_way_when_it_opened_is_ignored() {
    let breaker = Breaker::default();
    let passes: Vec<_> = (0..100)
        .map(|_| match breaker.admit(at(0)) {
            Admission::Admitted(pass) => pass,
            other => panic!("{other:?}"),
        })
        .collect();
    for pass in &passes[..50] {
        breaker.record(at(500), none, *pass, Verdict::Failed);
    }
    assert_eq!(breaker.state(), open_until(1_500));
    breaker.record(at(600), none, passes[50], Verdict::Answered);
    assert_eq!(breaker.state(), open_until(1_500));
    let pass = probe(&breaker, at(1_500));
    breaker.record(at(1_510), none, pass, Verdict::Answered);
    for pass in &passes[51..] {
        breaker.record(at(5_000), none, *pass, Verdict::Failed);
    }
    assert_eq!(breaker.state(), BreakerState::Closed);
}

#[test]
fn who_is_greeted_anew_begins_anew() {
    let breaker = Breaker::default();
    let Admission::Admitted(before) = breaker.admit(at(0)) else { panic!("it is closed") };
    fail(&breaker, at(0), 5);
    assert_eq!(breaker.state(), open_until(1_000));
    breaker.renewed();
    assert_eq!(breaker.standing(at(1)), Standing::Ready, "for all, and not for one to try");
    for _ in 0..9 {
        breaker.record(at(1), none, before, Verdict::Failed);
    }
    assert_eq!(breaker.state(), BreakerState::Closed, "that is of another life");
    fail(&breaker, at(2), 5);
    assert_eq!(breaker.state(), open_until(1_002), "as if for the first time");
}

#[test]
fn settings_change_while_it_runs() {
    let breaker = Breaker::default();
    fail(&breaker, at(0), 1);
    breaker.set(BreakerSettings { failures: 2, ..BreakerSettings::default() });
    fail(&breaker, at(0), 1);
    assert_eq!(breaker.state(), open_until(1_000));
    breaker.set(BreakerSettings { failures: 0, success: 0.0, ..BreakerSettings::default() });
    breaker.record(at(1_000), none, probe(&breaker, at(1_000)), Verdict::Answered);
    fail(&breaker, at(1_000), 1_000);
    assert_eq!(breaker.state(), BreakerState::Closed, "neither is asked for");
    let window = Duration::from_secs(1);
    breaker.set(BreakerSettings { failures: 0, window, ..BreakerSettings::default() });
    fail(&breaker, at(1_000), 19);
    fail(&breaker, at(2_100), 19);
    assert_eq!(breaker.state(), BreakerState::Closed, "the old window is forgotten");
    fail(&breaker, at(2_100), 1);
    assert_eq!(breaker.state(), open_until(3_100));
}

/// The rules as they are told, over a list of all that happened.
struct Model {
    settings: BreakerSettings,
    /// Of this life: when, and how, in buckets.
    told: Vec<(u64, Verdict)>,
    life: u64,
    shut: Option<Shut>,
}

struct Shut {
    openings: u32,
    until: Moment,
    probes: Vec<Pass>,
}

impl Model {
    fn bucket(&self, now: Moment) -> u64 {
        now.as_nanos() / (self.settings.window.as_nanos() as u64 / 10)
    }

    fn admit(&mut self, now: Moment) -> Admission {
        let Some(shut) = &mut self.shut else { return Admission::Admitted(Pass(self.life)) };
        if now < shut.until {
            return Admission::Open { until: shut.until };
        }
        self.life += 1;
        shut.until = now.after(self.settings.open);
        shut.probes.push(Pass(self.life));
        Admission::Probe(Pass(self.life))
    }

    fn open(&mut self, now: Moment, random: f64, openings: u32) {
        let BreakerSettings { open, longest, .. } = self.settings;
        let doubled = open.as_secs_f64() * 2_f64.powi(openings as i32);
        let wait = doubled.min(longest.as_secs_f64()) * (1.0 + random / 2.0);
        let until = now.after(Duration::from_secs_f64(wait.min(longest.as_secs_f64())));
        self.shut = Some(Shut { openings: openings + 1, until, probes: Vec::new() });
    }

    fn record(&mut self, now: Moment, random: f64, pass: Pass, verdict: Verdict) {
        if let Some(shut) = &mut self.shut {
            if !shut.probes.contains(&pass) {
                return;
            }
            match verdict {
                Verdict::Answered => (self.shut, self.told) = (None, Vec::new()),
                Verdict::Untold if shut.probes.last() == Some(&pass) => {
                    shut.until = Moment::default();
                }
                Verdict::Untold => {}
                _ => {
                    let openings = shut.openings;
                    self.open(now, random, openings);
                }
            }
            return;
        }
        if pass != Pass(self.life) || verdict == Verdict::Untold {
            return;
        }
        let bucket = self.bucket(now);
        self.told.push((bucket, verdict));
        if verdict == Verdict::Answered {
            return;
        }
        let in_a_row = self.told.iter().rev().take_while(|(_, told)| *told == Verdict::Failed);
        let in_a_row = in_a_row.count();
        let recent: Vec<_> = self.told.iter().filter(|(then, _)| then + 10 >= bucket).collect();
        let good = recent.iter().filter(|(_, told)| *told == Verdict::Answered).count();
        let rate = good as f64 / recent.len() as f64;
        let BreakerSettings { failures, success, .. } = self.settings;
        if in_a_row >= failures as usize || (recent.len() >= 20 && rate < success - 1e-9) {
            self.open(now, random, 0);
        }
    }
}

#[test]
fn it_agrees_with_a_plain_model() {
    let settings = BreakerSettings::default();
    let (breaker, mut chance) = (Breaker::new(settings), Chance(11));
    let mut model = Model { settings, told: Vec::new(), life: 0, shut: None };
    let (mut now, mut under_way, mut health) = (0, Vec::new(), 90);
    let mut seen = [0_u32; 3];
    for event in 0..200_000 {
        now += match chance.below(500) {
            0 => chance.below(8_000),
            _ => chance.below(30),
        };
        let time = at(now);
        if chance.below(1_000) == 0 {
            health = [0, 40, 75, 82, 90, 99][chance.below(6) as usize];
        }
        if under_way.len() < 20 && chance.below(2) == 0 {
            let admission = breaker.admit(time);
            assert_eq!(admission, model.admit(time), "event {event}");
            match admission {
                Admission::Admitted(pass) | Admission::Probe(pass) => under_way.push(pass),
                Admission::Open { .. } => {}
            }
            seen[match admission {
                Admission::Admitted(_) => 0,
                Admission::Probe(_) => 1,
                Admission::Open { .. } => 2,
            }] += 1;
        } else if !under_way.is_empty() {
            let pass = under_way.swap_remove(chance.below(under_way.len() as u64) as usize);
            let verdict = match chance.below(100) {
                roll if roll < health => Verdict::Answered,
                roll if roll % 8 == 0 => Verdict::Untold,
                _ => Verdict::Failed,
            };
            let random = chance.share();
            breaker.record(time, || random, pass, verdict);
            model.record(time, random, pass, verdict);
        }
        if model.told.len() > 1_000 {
            model.told.drain(..500);
        }
        assert_eq!(breaker.state() == BreakerState::Closed, model.shut.is_none(), "event {event}");
    }
    assert!(seen.iter().all(|times| *times > 300), "one-sided: {seen:?}");
}
