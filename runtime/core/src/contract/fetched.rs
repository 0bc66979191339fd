//! Contracts that no code here was built with: fetched from who serves them, and kept for good.

use std::collections::HashMap;
use std::sync::OnceLock;

use parking_lot::Mutex;
use xxhash_rust::xxh3::xxh3_64;

use super::{
    ArgumentSpec, ContractDescriptor, HttpRoute, MethodDescriptor, MethodSpec, RouteSpec, Rule,
};
use crate::policy::Quota;

/// So many different contracts a process keeps: what is kept is never let go, for calls refer to it.
const MOST: usize = 1_000;
/// The longest descriptor, in bytes of JSON.
pub const MAX_DESCRIPTOR: usize = 1 << 20;
/// As many methods as a hello may list of a service.
const MAX_METHODS: usize = 1_024;
/// The longest name of a method, in bytes.
const MAX_NAME: usize = 128;

/// A contract that was fetched. Copies are the same.
#[derive(Debug, Clone, Copy)]
pub struct FetchedContract {
    descriptor: &'static ContractDescriptor,
    /// What calls read of its methods, in their order.
    specs: &'static [MethodSpec],
}

/// Why a contract can't be kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// Its descriptor isn't the one that was asked for.
    #[error("the descriptor that came has another hash than the one that was asked for")]
    OtherHash,
    /// Its descriptor can't be read, or says what no contract says.
    #[error("no contract's descriptor: {0}")]
    Unreadable(String),
    /// The process keeps as many as it may.
    #[error("{MOST} different contracts were fetched: start this process again to let them go")]
    TooMany,
}

/// The text of a descriptor and its hash, by which others ask for it.
pub fn descriptor_text(descriptor: &ContractDescriptor) -> (Vec<u8>, u64) {
    // Maps with texts for keys, and no numbers that JSON can't say.
    let text = serde_json::to_vec(descriptor).unwrap_or_default();
    let hash = xxh3_64(&text);
    (text, hash)
}

fn kept() -> &'static Mutex<HashMap<u64, FetchedContract>> {
    static KEPT: OnceLock<Mutex<HashMap<u64, FetchedContract>>> = OnceLock::new();
    KEPT.get_or_init(Mutex::default)
}

impl FetchedContract {
    /// The contract whose descriptor has that hash, if it was fetched before.
    pub fn known(hash: u64) -> Option<Self> {
        kept().lock().get(&hash).copied()
    }

    /// Reads a descriptor, which has that hash, and keeps it for the life of the process.
    ///
    /// # Errors
    /// [`FetchError`].
    pub fn keep(hash: u64, text: &[u8]) -> Result<Self, FetchError> {
        if let Some(known) = Self::known(hash) {
            return Ok(known);
        }
        if xxh3_64(text) != hash {
            return Err(FetchError::OtherHash);
        }
        let descriptor = read(text).map_err(FetchError::Unreadable)?;
        let mut kept = kept().lock();
        if kept.len() >= MOST && !kept.contains_key(&hash) {
            return Err(FetchError::TooMany);
        }
        Ok(*kept.entry(hash).or_insert_with(|| Self::leaked(descriptor)))
    }

    /// Bounded by [`MOST`].
    fn leaked(descriptor: ContractDescriptor) -> Self {
        let descriptor: &'static ContractDescriptor = Box::leak(Box::new(descriptor));
        let specs: Vec<MethodSpec> = descriptor.methods.iter().map(spec).collect();
        Self { descriptor, specs: Vec::leak(specs) }
    }

    /// What its service says of it.
    pub const fn descriptor(self) -> &'static ContractDescriptor {
        self.descriptor
    }

    /// The method of that index.
    pub fn method(self, index: u16) -> Option<&'static MethodSpec> {
        self.specs.get(usize::from(index))
    }
}

fn read(text: &[u8]) -> Result<ContractDescriptor, String> {
    if text.len() > MAX_DESCRIPTOR {
        return Err(format!("it has {} bytes, and may have {MAX_DESCRIPTOR}", text.len()));
    }
    let contract: ContractDescriptor =
        serde_json::from_slice(text).map_err(|error| error.to_string())?;
    if contract.methods.len() > MAX_METHODS {
        return Err(format!("it has over {MAX_METHODS} methods"));
    }
    for (place, method) in contract.methods.iter().enumerate() {
        if usize::from(method.index) != place {
            return Err(format!("its method number {place} says that it is {}", method.index));
        }
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        if !(1..=MAX_NAME).contains(&method.name.len()) || !method.name.bytes().all(plain) {
            return Err(format!("its method number {place} has a name that is none"));
        }
        if method.http.iter().any(|route| !(200..400).contains(&route.status)) {
            return Err(format!("a route of `{}` answers with a status that is none", method.name));
        }
        if let Some(rule) = &method.allow
            && let Err(error) = Rule::parse(rule).and_then(|rule| rule.check(method))
        {
            return Err(format!("the rule of `{}`: {error}", method.name));
        }
        if let Some(Err(error)) = method.rate.as_deref().map(str::parse::<Quota>) {
            return Err(format!("the rate of `{}`: {error}", method.name));
        }
    }
    Ok(contract)
}

fn spec(method: &'static MethodDescriptor) -> MethodSpec {
    let http: Vec<RouteSpec> = method.http.iter().map(route).collect();
    let arguments = method.arguments.iter();
    let arguments: Vec<ArgumentSpec> = arguments
        .map(|argument| ArgumentSpec { name: &argument.name, doc: &argument.doc })
        .collect();
    MethodSpec {
        doc: &method.doc,
        turn: method.turn,
        idempotent: method.idempotent,
        deadline: method.deadline,
        slow: method.slow,
        public: method.public,
        route_by: method.route_by.as_deref(),
        http: Vec::leak(http),
        arguments: Vec::leak(arguments),
        saga: method.saga,
        // Events and schedules are its own service's, which runs them.
        ..MethodSpec::plain(&method.name, method.index)
    }
}

fn route(route: &'static HttpRoute) -> RouteSpec {
    let headers = route.headers.iter();
    let headers: Vec<_> = headers.map(|(name, header)| (name.as_str(), header.as_str())).collect();
    let accept: Vec<_> = route.accept.iter().map(String::as_str).collect();
    RouteSpec {
        verb: &route.verb,
        path: &route.path,
        status: route.status,
        location: route.location.as_deref(),
        headers: Vec::leak(headers),
        accept: Vec::leak(accept),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contract(name: &str) -> ContractDescriptor {
        let give = MethodDescriptor { public: true, ..MethodDescriptor::plain("give", 0) };
        let balance =
            MethodDescriptor { idempotent: true, ..MethodDescriptor::plain("balance", 1) };
        let (name, version) = (name.to_owned(), "1.0".to_owned());
        let methods = vec![give, balance];
        ContractDescriptor { name, version, doc: String::new(), methods, events: Vec::new() }
    }

    #[test]
    fn what_was_written_down_comes_back_and_is_kept_once() {
        let described = contract("fetched-once");
        let (text, hash) = descriptor_text(&described);
        assert!(FetchedContract::known(hash).is_none());
        let fetched = FetchedContract::keep(hash, &text).unwrap();
        assert_eq!(*fetched.descriptor(), described);
        let again = FetchedContract::keep(hash, b"not looked at").unwrap();
        assert!(std::ptr::eq(fetched.descriptor(), again.descriptor()));
        let balance = fetched.method(1).unwrap();
        assert_eq!((balance.name, balance.index, balance.idempotent), ("balance", 1, true));
        assert!(fetched.method(0).unwrap().at_the_edge() && fetched.method(2).is_none());
    }

    #[test]
    fn what_is_no_descriptor_is_refused() {
        let (text, hash) = descriptor_text(&contract("fetched-wrong"));
        assert_eq!(FetchedContract::keep(hash + 1, &text).err(), Some(FetchError::OtherHash));
        let mut twice = contract("fetched-twice");
        twice.methods[1].index = 0;
        let mut unnamed = contract("fetched-unnamed");
        unnamed.methods[0].name = "a b".to_owned();
        let mut unruly = contract("fetched-unruly");
        unruly.methods[0].allow = Some("role".to_owned());
        let mut own = contract("fetched-own");
        own.methods[0].allow = Some("self:nobody".to_owned());
        let mut unlimited = contract("fetched-unlimited");
        unlimited.methods[0].rate = Some("0/1s".to_owned());
        for wrong in [twice, unnamed, unruly, own, unlimited] {
            let (text, hash) = descriptor_text(&wrong);
            let refused = FetchedContract::keep(hash, &text).unwrap_err();
            assert!(matches!(refused, FetchError::Unreadable(_)), "{refused}");
        }
        let refused = FetchedContract::keep(xxh3_64(b"[]"), b"[]").unwrap_err();
        assert!(matches!(refused, FetchError::Unreadable(_)), "{refused}");
    }
}
