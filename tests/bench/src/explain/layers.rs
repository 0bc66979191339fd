//! Which layer of a call an instruction belongs to: by the source file that it comes from, for a file
//! holds one concept here; seldom by the function.

use super::binary::{Binary, Frame};
use super::costs::Code;
use super::profile::Place;

/// A layer of a call, in the order in which a call comes to them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Layer {
    Caller,
    Client,
    Generated,
    Route,
    Policy,
    Clock,
    Context,
    Encoding,
    Admission,
    Turn,
    Seat,
    Home,
    Guard,
    Handler,
    Metrics,
    Memory,
    /// A file of the runtime that no rule below names.
    File(String),
    Elsewhere,
}

impl Layer {
    /// As the table has it.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Caller => "the caller: asks, and verifies",
            Self::Client => "client, and the call's future",
            Self::Generated => "generated code, to and fro",
            Self::Route => "route",
            Self::Policy => "permission, deadline, chain",
            Self::Clock => "clock",
            Self::Context => "context and trace",
            Self::Encoding => "encoding, and the way in by it",
            Self::Admission => "admission: gate and line",
            Self::Turn => "turn: begun, polled, ended",
            Self::Seat => "seat: the place with the actor",
            Self::Home => "entering the home",
            Self::Guard => "panic guard",
            Self::Handler => "the handler itself",
            Self::Metrics => "metrics",
            Self::Memory => "memory that seam takes",
            Self::File(file) => file,
            Self::Elsewhere => "elsewhere",
        }
    }

    /// Whether a method without seam would have it too.
    pub(super) const fn is_work(&self) -> bool {
        matches!(self, Self::Caller | Self::Handler)
    }

    /// Whose the memory is that it asks for: caller and handler pay for their own.
    fn allocates(self) -> Self {
        if self.is_work() { self } else { Self::Memory }
    }
}

/// Beginnings of sources, as [`source`] writes them, and the function if it matters. The first that
/// fits decides; without a layer it's the matter of whoever called.
const RULES: &[(&str, Option<&str>, Option<Layer>)] = &[
    ("tests/bench/messages", Some("answer_price"), Some(Layer::Handler)),
    ("tests/bench/messages", Some("basket"), Some(Layer::Caller)),
    ("tests/bench/messages", Some("is_price_of"), Some(Layer::Caller)),
    // A request is dropped by its handler, an answer by its caller.
    ("tests/bench/messages/Basket", None, Some(Layer::Handler)),
    ("tests/bench/messages/Priced", None, Some(Layer::Caller)),
    // What both of them do.
    ("tests/bench/messages", None, None),
    ("tests/bench/ours/prices", None, Some(Layer::Generated)),
    ("tests/bench/ours/service", None, Some(Layer::Handler)),
    ("tests/bench", None, Some(Layer::Caller)),
    ("runtime/core/call/future", Some("admit"), Some(Layer::Policy)),
    ("runtime/core/call/future", Some("lengthened"), Some(Layer::Policy)),
    ("runtime/core/call/future", Some("count"), Some(Layer::Metrics)),
    ("runtime/core/call/future", Some("begin_elsewhere"), Some(Layer::Encoding)),
    ("runtime/core/call/future", Some("decoded"), Some(Layer::Encoding)),
    ("runtime/core/call/future", None, Some(Layer::Client)),
    ("runtime/core/call/client", None, Some(Layer::Client)),
    ("runtime/core/call/local", None, Some(Layer::Client)),
    ("runtime/core/call/route", None, Some(Layer::Route)),
    ("runtime/core/call/policy", None, Some(Layer::Policy)),
    ("runtime/core/call/elsewhere", Some("admit"), Some(Layer::Policy)),
    ("runtime/core/call/elsewhere", None, Some(Layer::Encoding)),
    ("runtime/core/call/inbox", None, Some(Layer::Encoding)),
    ("runtime/core/call/rehearsal", None, Some(Layer::Encoding)),
    ("runtime/core/codec", None, Some(Layer::Encoding)),
    // Messages write and read themselves.
    ("runtime/core/contract/message", None, Some(Layer::Encoding)),
    ("runtime/core/contract/std_messages", None, Some(Layer::Encoding)),
    ("runtime/core/remote", Some("may_call"), Some(Layer::Policy)),
    ("runtime/core/remote", Some("admit"), Some(Layer::Policy)),
    ("runtime/core/remote", None, Some(Layer::Encoding)),
    ("runtime/core/outcome", None, None),
    ("runtime/core/name", None, None),
    // Who counts, and who comes to a gate, asks for its thread's number.
    ("runtime/core/thread", None, None),
    ("runtime/core/time", None, Some(Layer::Clock)),
    ("runtime/core/context/chain", None, Some(Layer::Policy)),
    ("runtime/core/context", None, Some(Layer::Context)),
    ("runtime/core/metrics", None, Some(Layer::Metrics)),
    ("runtime/core/turn/gate", None, Some(Layer::Admission)),
    ("runtime/core/turn/line", None, Some(Layer::Admission)),
    ("runtime/core/turn/seat", None, Some(Layer::Seat)),
    ("runtime/core/turn/turn_box", None, Some(Layer::Memory)),
    ("runtime/core/turn/blocks", None, Some(Layer::Memory)),
    ("runtime/core/turn", None, Some(Layer::Turn)),
    ("runtime/core/home", None, Some(Layer::Home)),
    ("tokio/task/coop", None, Some(Layer::Client)),
    // Beneath both the budget and the home.
    ("tokio/runtime/context", None, None),
    ("tokio/runtime", None, Some(Layer::Home)),
    ("library/std/panic", None, Some(Layer::Guard)),
];

/// The binary, asked for layers.
pub(super) struct Layers<'a> {
    pub(super) binary: &'a Binary,
}

/// A function: where it begins in our binary, or only its name in another file.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Function {
    start: Option<u64>,
    allocates: bool,
    name: String,
}

impl Layers<'_> {
    fn is_ours(&self, place: &Place) -> bool {
        std::path::Path::new(&place.object) == self.binary.path()
    }
}

impl Code for Layers<'_> {
    type Layer = Layer;
    type Function = Function;

    fn layer(&self, place: &Place) -> Option<Layer> {
        if !self.is_ours(place) {
            return None;
        }
        layer_of(&self.binary.frames(place.address))
    }

    fn function(&self, place: &Place) -> Function {
        let start = self.is_ours(place).then(|| self.binary.start(place.address));
        // Functions of one name are told apart by where they begin.
        let name = if start.is_some() { String::new() } else { place.function.clone() };
        Function { start, allocates: allocates(&place.function), name }
    }

    fn called(&self, function: &Function, caller: Layer) -> Layer {
        if function.allocates { caller.allocates() } else { caller }
    }

    fn nobody(&self) -> Layer {
        Layer::Elsewhere
    }

    fn locks(&self, place: &Place) -> bool {
        self.is_ours(place) && self.binary.locks(place.address)
    }
}

/// The layer of the innermost function that has one.
fn layer_of(frames: &[Frame]) -> Option<Layer> {
    let mut allocating = false;
    for frame in frames {
        let (source, function) = (source(frame), last_word(&frame.function));
        allocating |= source.starts_with("library/std/sys/alloc");
        let rule = RULES.iter().find(|(begins, named, _)| {
            source.starts_with(begins) && named.is_none_or(|named| named == function)
        });
        let layer = match rule {
            Some((_, _, layer)) => layer.clone(),
            None if source.starts_with("runtime/") => Some(Layer::File(source)),
            None => None,
        };
        if let Some(layer) = layer {
            return Some(if allocating { layer.allocates() } else { layer });
        }
    }
    None
}

/// `runtime/core/turn/gate` for a function of `…/runtime/core/src/turn/gate.rs`, and for what drops a
/// `seam_core::turn::gate::…`. Versions of crates are left out.
fn source(frame: &Frame) -> String {
    if let Some(dropped) = frame.function.split("drop_in_place<").nth(1) {
        let path = dropped.split(['<', '>']).next().unwrap_or_default();
        let path = path.strip_prefix("seam_").map_or(path.to_owned(), |ours| {
            let folder = if ours.starts_with("bench") { "tests" } else { "runtime" };
            format!("{folder}/{ours}")
        });
        return path.replace("::", "/");
    }
    let Some((package, file)) = frame.file.rsplit_once("/src/") else { return String::new() };
    let file = file.strip_suffix(".rs").unwrap_or(file);
    let mut folders = package.rsplit('/');
    let (last, before) = (folders.next().unwrap_or_default(), folders.next().unwrap_or_default());
    match last.rsplit_once('-') {
        Some((name, version)) if version.starts_with(|c: char| c.is_ascii_digit()) => {
            format!("{name}/{file}")
        }
        _ => format!("{before}/{last}/{file}"),
    }
}

/// `admit` of `seam_core::call::future::admit::<T>`.
fn last_word(function: &str) -> &str {
    let path = function.split_once('<').filter(|(before, _)| !before.is_empty());
    let path = path.map_or(function, |(before, _)| before);
    path.trim_end_matches(':').rsplit("::").next().unwrap_or_default()
}

/// Whether a function of the allocator's, Rust's or the system's, has this name.
fn allocates(function: &str) -> bool {
    let name = last_word(function).trim_start_matches('_');
    let parts = ["int_", "libc_", "tcache", "rust_alloc", "rust_dealloc", "rust_realloc", "rdl_"];
    matches!(name, "malloc" | "free" | "calloc" | "realloc" | "unlink_chunk")
        || parts.iter().any(|part| name.starts_with(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(function: &str, file: &str) -> Frame {
        Frame { function: function.to_owned(), file: file.to_owned() }
    }

    #[test]
    fn the_innermost_function_of_a_layer_decides() {
        let gate = frame("enter_shared", "/home/me/seam/runtime/core/src/turn/gate.rs");
        let atomic = frame("compare_exchange", "/rustc/c0ffee/library/core/src/sync/atomic.rs");
        let host = frame("turn<S, M>", "/home/me/seam/runtime/core/src/turn/host.rs");
        assert_eq!(layer_of(&[atomic.clone(), gate, host.clone()]), Some(Layer::Admission));
        assert_eq!(layer_of(&[atomic.clone(), host]), Some(Layer::Turn));
        assert_eq!(layer_of(&[atomic]), None);
    }

    #[test]
    fn functions_of_one_file_may_be_of_several_layers() {
        let file = "runtime/core/src/call/future.rs";
        let layer = |function: &str| layer_of(&[frame(function, file)]);
        assert_eq!(layer("admit"), Some(Layer::Policy));
        assert_eq!(layer("count<seam_bench::Price>"), Some(Layer::Metrics));
        assert_eq!(layer("<seam_core::call::Call<M> as Future>::poll"), Some(Layer::Client));
        let file = "tests/bench/src/messages.rs";
        let totals = frame("totals", file);
        let both = |function: &str| layer_of(&[totals.clone(), frame(function, file)]);
        assert_eq!(both("answer_price"), Some(Layer::Handler));
        assert_eq!(both("is_price_of"), Some(Layer::Caller));
    }

    #[test]
    fn a_drop_is_of_the_layer_whose_type_is_dropped() {
        let library = "/rustc/c0ffee/library/core/src/ptr/mod.rs";
        let drop = |of: &str| frame(&format!("core::ptr::drop_in_place<{of}>"), library);
        assert_eq!(layer_of(&[drop("seam_core::turn::seat::Seat<A>")]), Some(Layer::Seat));
        assert_eq!(layer_of(&[drop("tokio::runtime::handle::EnterGuard")]), Some(Layer::Home));
        assert_eq!(layer_of(&[drop("alloc::string::String")]), None);
        let strings = [drop("alloc::string::String"), drop("seam_bench::messages::Basket")];
        assert_eq!(layer_of(&strings), Some(Layer::Handler));
    }

    #[test]
    fn what_the_rules_dont_know_is_named_by_its_file() {
        let frame = frame("new_thing", "/x/runtime/core/src/novel/thing.rs");
        let layer = layer_of(&[frame]).unwrap();
        assert_eq!(layer.name(), "runtime/core/novel/thing");
    }

    #[test]
    fn who_allocates_pays_unless_it_is_seam() {
        let alloc = frame("__rdl_alloc", "/rustc/c0ffee/library/std/src/sys/alloc/unix.rs");
        let boxed = frame("boxed<R>", "runtime/core/src/turn/poll.rs");
        let caller = frame("basket", "tests/bench/src/messages.rs");
        assert_eq!(layer_of(&[alloc.clone(), boxed]), Some(Layer::Memory));
        assert_eq!(layer_of(&[alloc, caller]), Some(Layer::Caller));
        assert!(allocates("malloc") && allocates("_int_free") && allocates("__rustc::__rdl_alloc"));
        assert!(!allocates("__memcpy_avx_unaligned_erms") && !allocates("seam_core::free_seat"));
    }
}
