//! The header `date`, written once a second.

use std::cell::RefCell;
use std::time::{SystemTime, UNIX_EPOCH};

use http::HeaderValue;

thread_local! {
    /// What it was last, and in which second.
    static LAST: RefCell<(u64, HeaderValue)> = const { RefCell::new((0, HeaderValue::from_static(""))) };
}

/// What it is now.
pub(super) fn now() -> HeaderValue {
    let now = SystemTime::now();
    let second = now.duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs());
    LAST.with_borrow_mut(|(last, text)| {
        if *last != second
            && let Ok(written) = HeaderValue::try_from(httpdate::fmt_http_date(now))
        {
            (*last, *text) = (second, written);
        }
        text.clone()
    })
}
