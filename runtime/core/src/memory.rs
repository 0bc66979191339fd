//! What a process keeps of the memory that its messages have used.

use std::hint::black_box;

use crate::codec::MAX_BODY;

/// Has the system's allocator keep what is freed, up to twice the largest message, rather than give
/// it back to the system each time. Every unit does it when it starts.
///
/// glibc begins with a limit of 128 KiB, above which it maps memory for one allocation alone and gives
/// back what is free at the top of its heap. A call with a message from 64 KiB on so has every page of
/// it faulted anew, which takes up to 70 times what copying it does. glibc raises its limits by itself
/// once something larger was freed (mallopt(3), "M_MMAP_THRESHOLD"): so here it is, none of its pages
/// touched. Other allocators take no notice.
pub fn keep_freed() {
    drop(black_box(Vec::<u8>::with_capacity(MAX_BODY)));
}
