//! Everything that a `Pin<Box<R>>` does. Nothing here asks the system for more than threads and
//! memory: Miri can run it, as AddressSanitizer and valgrind can.

use std::cell::Cell;
use std::future::Future;
use std::marker::PhantomPinned;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::thread;

use super::*;

/// Counts how often it is dropped.
#[derive(Clone, Default)]
struct Drops(Arc<AtomicUsize>);

impl Drops {
    fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// `SIZE` bytes of one value, which know where they were made.
struct Cargo<const SIZE: usize> {
    bytes: [u8; SIZE],
    drops: Drops,
    _pinned: PhantomPinned,
}

impl<const SIZE: usize> Cargo<SIZE> {
    fn new(value: u8, drops: &Drops) -> Self {
        Self { bytes: [value; SIZE], drops: drops.clone(), _pinned: PhantomPinned }
    }

    fn holds(&self, value: u8) -> bool {
        self.bytes.iter().all(|byte| *byte == value)
    }
}

impl<const SIZE: usize> Drop for Cargo<SIZE> {
    fn drop(&mut self) {
        let value = self.bytes[0];
        assert!(self.holds(value), "somebody else wrote here");
        self.bytes.fill(!value);
        self.drops.0.fetch_add(1, Ordering::Relaxed);
    }
}

fn address<R>(turn_box: &mut TurnBox<R>) -> usize {
    &raw const *turn_box.as_mut().as_ref() as usize
}

fn poll<R: Future>(turn_box: &mut TurnBox<R>) -> Poll<R::Output> {
    turn_box.as_mut().poll(&mut Context::from_waker(Waker::noop()))
}

/// Of every size and from every source: in one block, in the next, beyond all of them.
fn every_size(mut test: impl SizedTest) {
    test.run::<1>();
    test.run::<{ SMALL - 64 }>();
    test.run::<SMALL>();
    test.run::<{ LARGE - 64 }>();
    test.run::<LARGE>();
    test.run::<20_000>();
}

trait SizedTest {
    fn run<const SIZE: usize>(&mut self);
}

#[test]
fn many_lie_side_by_side_and_each_is_dropped_once() {
    struct SideBySide;
    impl SizedTest for SideBySide {
        fn run<const SIZE: usize>(&mut self) {
            let drops = Drops::default();
            // More than a thread keeps, and twice, so that blocks are used again.
            for _ in 0..2 {
                let mut boxes: Vec<_> = (0..20)
                    .map(|value| TurnBox::new(|| Cargo::<SIZE>::new(value, &drops)))
                    .collect();
                let mut places: Vec<_> = boxes.iter_mut().map(address).collect();
                places.sort_unstable();
                assert!(places.windows(2).all(|two| two[1] - two[0] >= size_of::<Cargo<SIZE>>()));
                for (value, turn_box) in boxes.iter_mut().enumerate() {
                    assert!(turn_box.as_mut().holds(value as u8));
                }
                // Out of their order.
                while !boxes.is_empty() {
                    drop(boxes.swap_remove(boxes.len() / 2));
                }
            }
            assert_eq!(drops.count(), 40);
            assert_eq!(Arc::strong_count(&drops.0), 1, "what they held is dropped too");
        }
    }
    every_size(SideBySide);
}

#[test]
fn what_a_turn_box_gives_back_is_the_next_ones() {
    let mut first = TurnBox::new(|| [1_u8; 100]);
    let place = address(&mut first);
    drop(first);
    let mut other_type = TurnBox::new(|| [2_u64; 20]);
    assert_eq!(address(&mut other_type), place);
    let mut beside = TurnBox::new(|| [3_u8; 100]);
    assert_ne!(address(&mut beside), place);
}

#[test]
fn a_future_stays_where_it_was_made() {
    let mut turn_box = TurnBox::new(|| [7_u8; 300]);
    let place = address(&mut turn_box);
    let mut moved = Box::new(Some(turn_box));
    assert_eq!(moved.as_mut().as_mut().map(address), Some(place));
}

#[test]
fn places_are_aligned_for_what_lies_there() {
    #[repr(align(16))]
    struct Sixteen(#[expect(dead_code)] u8);
    #[repr(align(64))]
    struct Line(#[expect(dead_code)] [u8; 100]);
    #[repr(align(4096))]
    struct Page(#[expect(dead_code)] u8);

    fn aligned<R>(make: impl Fn() -> R) {
        let mut boxes: Vec<_> = (0..12).map(|_| TurnBox::new(&make)).collect();
        assert!(boxes.iter_mut().all(|turn_box| address(turn_box) % align_of::<R>() == 0));
    }
    aligned(|| Sixteen(1));
    aligned(|| Line([1; 100]));
    aligned(|| Page(1));
    aligned(|| 1_u128);
    assert!(matches!(Place::<Line>::SOURCE, Source::Box));
}

#[test]
fn what_has_no_size_is_dropped_as_well() {
    thread_local! {
        static DROPPED: Cell<usize> = const { Cell::new(0) };
    }
    struct Nothing;
    #[repr(align(64))]
    struct AlignedNothing;
    impl Drop for Nothing {
        fn drop(&mut self) {
            DROPPED.set(DROPPED.get() + 1);
        }
    }
    impl Drop for AlignedNothing {
        fn drop(&mut self) {
            DROPPED.set(DROPPED.get() + 1);
        }
    }
    let (_one, mut two) = (TurnBox::new(|| Nothing), TurnBox::new(|| AlignedNothing));
    assert_eq!(address(&mut two) % 64, 0);
    drop((_one, two));
    assert_eq!(DROPPED.get(), 2);
}

#[test]
fn a_panic_while_it_is_made_gives_the_place_back() {
    let mut first = TurnBox::new(|| [0_u8; 64]);
    let place = address(&mut first);
    drop(first);
    let made = catch_unwind(|| TurnBox::new(|| -> [u8; 64] { panic!("no future") }));
    assert!(made.is_err());
    assert_eq!(address(&mut TurnBox::new(|| [0_u8; 64])), place);
    assert_ne!(address(&mut TurnBox::new(|| [0_u8; 64])), 0, "and it was given back once");
    let (mut one, mut two) = (TurnBox::new(|| [0_u8; 64]), TurnBox::new(|| [0_u8; 64]));
    assert_ne!(address(&mut one), address(&mut two));
}

#[test]
fn a_panic_while_it_is_polled_leaves_it_to_be_dropped() {
    let drops = Drops::default();
    let held = Cargo::<32>::new(9, &drops);
    let mut turn_box = TurnBox::new(|| async move {
        let _held = held;
        assert!(std::future::ready(false).await, "a handler panics");
    });
    let polled = catch_unwind(AssertUnwindSafe(|| poll(&mut turn_box)));
    assert!(polled.is_err());
    assert_eq!(drops.count(), 1, "by unwinding");
    drop(turn_box);
    assert_eq!(drops.count(), 1);
}

#[test]
fn a_panic_while_it_is_dropped_gives_the_place_back_once() {
    struct Panics(#[expect(dead_code)] [u8; 64], #[expect(dead_code)] Cargo<8>);
    impl Drop for Panics {
        fn drop(&mut self) {
            panic!("dropped");
        }
    }
    let drops = Drops::default();
    let mut turn_box = TurnBox::new(|| Panics([0; 64], Cargo::new(1, &drops)));
    let place = address(&mut turn_box);
    assert!(catch_unwind(AssertUnwindSafe(|| drop(turn_box))).is_err());
    assert_eq!(drops.count(), 1, "its fields are dropped all the same");
    let (mut one, mut two) = (TurnBox::new(|| [0_u8; 64]), TurnBox::new(|| [0_u8; 64]));
    assert_eq!(address(&mut one), place);
    assert_ne!(address(&mut two), place);
}

#[test]
fn a_turn_within_a_turn_has_a_place_of_its_own() {
    fn nested(depth: u8, drops: &Drops) -> u32 {
        let cargo = Cargo::<200>::new(depth, drops);
        let mut turn_box = TurnBox::new(|| async {
            let inner = if depth == 0 { 0 } else { nested(depth - 1, &cargo.drops) };
            assert!(cargo.holds(depth));
            inner + u32::from(depth)
        });
        match poll(&mut turn_box) {
            Poll::Ready(sum) => sum,
            Poll::Pending => unreachable!("nothing waits"),
        }
    }
    let drops = Drops::default();
    for _ in 0..3 {
        assert_eq!(nested(20, &drops), 210);
    }
    assert_eq!(drops.count(), 63);
}

#[test]
fn what_drops_may_take_a_place_meanwhile() {
    struct Calls(Drops);
    impl Drop for Calls {
        fn drop(&mut self) {
            drop(TurnBox::new(|| Cargo::<100>::new(3, &self.0)));
        }
    }
    let drops = Drops::default();
    let boxes: Vec<_> = (0..12).map(|_| TurnBox::new(|| Calls(drops.clone()))).collect();
    drop(boxes);
    assert_eq!(drops.count(), 12);
}

#[test]
fn a_waiting_future_goes_on_and_ends_on_another_thread() {
    struct Promoted;
    impl SizedTest for Promoted {
        fn run<const SIZE: usize>(&mut self) {
            let drops = Drops::default();
            let (wake, woken) = tokio::sync::oneshot::channel::<u8>();
            let cargo = Cargo::<SIZE>::new(5, &drops);
            let mut turn_box = TurnBox::new(|| async move {
                let got = woken.await;
                got.is_ok_and(|got| cargo.holds(got))
            });
            assert!(poll(&mut turn_box).is_pending());
            wake.send(5).expect("it waits");
            let there = thread::spawn(move || poll(&mut turn_box));
            assert_eq!(there.join().expect("no panic"), Poll::Ready(true));
            assert_eq!(drops.count(), 1);
        }
    }
    every_size(Promoted);
}

#[test]
fn threads_exchange_futures_and_none_is_lost() {
    let drops = Drops::default();
    let (send, receive) = std::sync::mpsc::sync_channel(4);
    let makers: Vec<_> = (0..3)
        .map(|value| {
            let (send, drops) = (send.clone(), drops.clone());
            thread::spawn(move || {
                for _ in 0..50 {
                    let cargo = || Cargo::<300>::new(value, &drops);
                    send.send(TurnBox::new(cargo)).expect("somebody takes them");
                    drop(TurnBox::new(cargo));
                }
            })
        })
        .collect();
    drop(send);
    assert_eq!(receive.iter().count(), 150);
    for maker in makers {
        maker.join().expect("no panic");
    }
    assert_eq!(drops.count(), 300);
}

#[test]
fn a_thread_that_ends_has_places_to_its_end() {
    /// Takes and gives places when its thread ends, before or after the blocks are gone.
    struct AtTheEnd(Drops, Cell<Option<TurnBox<Cargo<100>>>>);
    impl Drop for AtTheEnd {
        fn drop(&mut self) {
            let two = [(); 2].map(|()| TurnBox::new(|| Cargo::<1000>::new(1, &self.0)));
            drop((two, self.1.take()));
        }
    }
    thread_local! {
        static FIRST: Cell<Option<AtTheEnd>> = const { Cell::new(None) };
        static LAST: Cell<Option<AtTheEnd>> = const { Cell::new(None) };
    }
    let drops = Drops::default();
    let on_thread = drops.clone();
    let thread = thread::spawn(move || {
        let at_the_end = || AtTheEnd(on_thread.clone(), Cell::new(None));
        FIRST.set(Some(at_the_end()));
        let boxes = [(); 2].map(|()| TurnBox::new(|| Cargo::<100>::new(2, &on_thread)));
        drop(TurnBox::new(|| Cargo::<1000>::new(2, &on_thread)));
        LAST.set(Some(at_the_end()));
        let [one, two] = boxes;
        for (end, turn_box) in [(&FIRST, one), (&LAST, two)] {
            let found = end.take().expect("it was set");
            found.1.set(Some(turn_box));
            end.set(Some(found));
        }
    });
    thread.join().expect("no panic");
    assert_eq!(drops.count(), 1 + 2 * (2 + 1));
}

#[test]
fn a_turn_box_may_be_sent_if_its_future_may() {
    // Two ways to mean it, unless there is but one: so this compiles only if it isn't `Send`.
    trait NotSend<Way> {
        fn holds() {}
    }
    impl<T> NotSend<()> for T {}
    impl<T: Send> NotSend<u8> for T {}
    const fn sent<T: Send + Unpin>() {}

    sent::<TurnBox<(u8, PhantomPinned)>>();
    <TurnBox<Rc<u8>> as NotSend<_>>::holds();
}

#[test]
fn an_option_of_a_turn_box_takes_a_pointer() {
    assert_eq!(size_of::<Option<TurnBox<[u8; 100]>>>(), size_of::<usize>());
}
