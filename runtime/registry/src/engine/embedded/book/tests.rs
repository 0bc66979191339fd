use super::*;
use crate::support::{at, entry};

const LEASE: Duration = Duration::from_secs(10);

fn book() -> Book {
    Book::new(at(0), LEASE, 7, 100)
}

/// Looks at the clock every second.
fn wait(book: &mut Book, from: u64, to: u64) {
    (from..=to).for_each(|second| book.tick(at(second)));
}

#[test]
fn who_does_not_renew_is_gone_a_lease_later() {
    let mut book = book();
    book.register(at(0), entry(0, 1)).unwrap();
    book.register(at(0), entry(1, 2)).unwrap();
    wait(&mut book, 0, 6);
    assert!(book.renew(at(6), &entry(1, 2).place(), 2));
    wait(&mut book, 7, 9);
    assert_eq!((book.entries().len(), book.seen().changes), (2, 2));
    book.tick(at(10));
    assert_eq!((book.entries(), book.seen().changes), (vec![entry(1, 2)], 3));
    assert!(!book.renew(at(10), &entry(0, 1).place(), 1), "it registers anew");
}

#[test]
fn a_process_that_was_replaced_takes_nobody_out() {
    let mut book = book();
    book.register(at(0), entry(0, 1)).unwrap();
    book.register(at(1), entry(0, 2)).unwrap();
    assert!(!book.renew(at(1), &entry(0, 1).place(), 1));
    book.leave(&entry(0, 1).place(), 1);
    assert_eq!(book.entries(), [entry(0, 2)]);
    book.leave(&entry(0, 2).place(), 2);
    assert!(book.entries().is_empty());
}

#[test]
fn what_is_registered_again_as_it_is_is_no_news() {
    let mut book = book();
    for _ in 0..3 {
        book.register(at(0), entry(0, 1)).unwrap();
    }
    assert_eq!(book.seen().changes, 1);
}

#[test]
fn a_keeper_that_stood_still_takes_nobody_for_dead() {
    let mut book = book();
    wait(&mut book, 1, 12);
    book.register(at(12), entry(0, 1)).unwrap();
    assert_eq!(book.claim(at(12), "x", 1), Ok(Claimed::Granted { fence: 101 }));
    book.tick(at(60));
    assert_eq!(book.entries().len(), 1);
    assert_eq!(book.claim(at(60), "x", 2), Ok(Claimed::Held));
    wait(&mut book, 61, 70);
    assert_eq!(book.entries().len(), 0);
    assert_eq!(book.claim(at(70), "x", 2), Ok(Claimed::Granted { fence: 102 }));
}

#[test]
fn a_new_keeper_grants_nothing_before_earlier_grants_are_over_and_takes_those_up() {
    let mut book = book();
    assert_eq!(book.claim(at(0), "x", 1), Ok(Claimed::Held));
    assert!(book.renew_claim(at(1), "x", 2, 55), "an earlier keeper's grant");
    assert!(!book.renew_claim(at(1), "x", 3, 54), "an older one");
    wait(&mut book, 1, 10);
    assert_eq!(book.claim(at(10), "x", 1), Ok(Claimed::Held));
    assert_eq!(book.claim(at(10), "x", 2), Ok(Claimed::Granted { fence: 55 }));
    assert_eq!(book.claim(at(10), "y", 1), Ok(Claimed::Granted { fence: 101 }));
    assert!(!book.renew_claim(at(10), "z", 3, 56), "too late: somebody else may have claimed it");
}

#[test]
fn what_is_released_can_be_claimed_by_others_with_a_higher_fence() {
    let mut book = book();
    wait(&mut book, 1, 10);
    let claim = |book: &mut Book, holder| book.claim(at(10), "x", holder).unwrap();
    assert_eq!(claim(&mut book, 1), Claimed::Granted { fence: 101 });
    book.release("x", 1, 100);
    book.release("x", 2, 101);
    assert_eq!(claim(&mut book, 2), Claimed::Held, "neither was the holder's grant");
    book.release("x", 1, 101);
    assert_eq!(claim(&mut book, 2), Claimed::Granted { fence: 102 });
    assert!(!book.renew_claim(at(10), "x", 1, 101));
    assert!(book.renew_claim(at(10), "x", 2, 102));
}

#[test]
fn it_takes_so_many_and_no_more() {
    let mut book = book();
    for number in 0..MOST {
        book.register(at(0), Entry { unit: format!("unit{number}"), ..entry(0, 1) }).unwrap();
    }
    assert_eq!(book.register(at(0), entry(0, 1)), Err(Full));
    let known = Entry { unit: "unit0".into(), ..entry(0, 2) };
    assert_eq!(book.register(at(0), known), Ok(()));
}
