//! The attribute macros of seam. Users have them from the facade: `#[seam::contract]`,
//! `#[seam::message]`, `#[seam::event]`, `#[seam::error]` and `#[seam::config]`.
//!
//! They generate types and impls, and no machinery: what a call does is in `seam-core`. Mistakes
//! are found here where the tokens allow it, so that each is shown on the user's own token with its
//! fix; what only types tell is left to the traits' own messages.
//!
//! ```text
//! contract/   the trait → contract, messages, host, client
//! message     struct or enum → serde, schema, layout      ┐ encoding: what crosses a seam
//! event       message, and topic, version and key      │
//! error       message, and code, status and text          ┘
//! config      struct → what `[services.NAME.config]` is read into
//! ```

mod attrs;
mod case;
mod check;
mod config;
mod contract;
mod diagnostic;
mod encoding;
mod error;
mod event;
mod json;
mod message;
mod times;

use proc_macro::TokenStream;

/// Makes a trait of `async fn`s a contract.
///
/// ```ignore
/// #[seam::contract(name = "payment", version = "1.0")]
/// pub trait Payment {
///     #[call(idempotent, deadline = "2s")]
///     async fn charge(&mut self, order: OrderId, amount: Cents) -> Result<Receipt, PaymentError>;
/// }
/// ```
///
/// Beside the trait this makes `PaymentContract`, which stands for the contract where a type is
/// asked for, and `PaymentClient`, with a method per method. In tests, `PaymentClient::local(actor)`
/// is a client on anything that implements the trait, and `PaymentClient::fake()` is made of a
/// function per method: `.on_charge(async |order, amount| …)`. A contract with a method of such a
/// name has `seam::call::Client::local` instead. `&mut self` takes an exclusive turn, `&self` a shared one. Arguments and answers
/// are owned, and are messages (`#[seam::message]`); an error is `#[seam::error]`.
///
/// `events(OrderPaid, OrderCreated)` beside name and version names the events (`#[seam::event]`) that
/// the contract's service publishes, for others to subscribe to.
///
/// `#[call(…)]` on a method takes, all optional:
///
/// | option | meaning |
/// | --- | --- |
/// | `idempotent` | running it twice is as good as once: it may be retried when its outcome is unknown |
/// | `complete` | on `&self`: the turn runs to its end even if its caller goes away |
/// | `deadline = "2s"` | the deadline where the caller names none; `ms`, `s`, `m` or `h` |
/// | `slow = "50ms"` | from when on a call is slow, where that isn't what config says; `ms`, `s`, `m` or `h` |
/// | `fallback = full_price` | a function that answers where the service can't; it takes the arguments by reference |
/// | `route_by = "order"` | calls with the same value of this argument go to the same instance, where the service has `balance = "hash"` |
/// | `public` | `POST /rpc/…` and the form gateway may call it |
/// | `http = "POST /api/order/{id}"` | a route at the edge; `{…}` names an argument |
/// | `status = 201` | the status of an answer on that route; 200 unless given |
/// | `location = "/api/order/{order.id}"` | its `Location` header, from fields of the answer |
/// | `header(key = "Idempotency-Key")` | an argument that is taken from a header; several allowed |
/// | `accept = "image/png, image/jpeg"` | the media types that a body may be of which is a `Blob`; any unless given |
/// | `on` | a subscription: each event of its only argument's type begins a turn |
/// | `every = "1h"` | runs by itself, once in each such time; `s`, `m`, `h` or `d`, from `1s` on |
/// | `cron = "0 3 * * *"` | runs by itself, at the minutes that minute, hour, day of the month, month and weekday name in UTC |
///
/// A method with several routes has a `#[call(http = …)]` for each. One with `on` has no routes, isn't
/// `public` and has neither a fallback nor `route_by`; one with `every` or `cron` has no arguments. They
/// answer `Result<(), Error>` or nothing.
#[proc_macro_attribute]
pub fn contract(arguments: TokenStream, item: TokenStream) -> TokenStream {
    diagnostic::output(contract::expand(arguments.into(), item.into()))
}

/// Lets a struct or an enum cross a seam: serde, JSON Schema, `Clone`, `Debug`, `PartialEq`, and a
/// layout by which two builds find out whether they encode it alike.
///
/// Fields and variants are camelCase in JSON unless `#[serde(rename_all = …)]` says otherwise.
/// A field that is written `Patch<…>` is left out where it is absent; `#[json(skip_if_none)]`, on an
/// `Option` or on the whole message, leaves out what is `None`. In the codec they stay where they are.
///
/// `#[check(range = 1..=100)]` on a field with a number, and `#[check(len = 1..=64)]` on one with a text or
/// a list, say what it may be beyond its type; both ends are allowed, and may be constants. The schema has
/// it, and no turn begins with a message that breaks it: the call is `NotExecuted(BadRequest)`. Arguments
/// of methods take the same.
///
/// Other derives go below the attribute: `#[derive(Eq, Hash)]`. A field whose type has serde and
/// schemars from another crate is marked `#[message(foreign)]`.
///
/// A field that is marked `#[message(secret)]` is `"***"` wherever messages are shown: in `tap`, in the
/// ledger, on the admin page; and with it every member of that name in any message of the app. Members that
/// are named like a secret, such as `password` or `token`, are hidden anyhow. Arguments of methods take the
/// same.
///
/// A field, an argument or an answer that is written `Vec<u8>` is encoded at once. Within something
/// else (`Vec<Vec<u8>>`, an alias) its bytes go one by one, as any list's elements do, which costs
/// many times as much where there are many: a `#[seam::message] struct Blob(Vec<u8>);` in its place
/// is encoded alike, and at once. In JSON all of them are lists of numbers.
#[proc_macro_attribute]
pub fn message(arguments: TokenStream, item: TokenStream) -> TokenStream {
    diagnostic::output(message::expand(arguments.into(), item.into()))
}

/// Makes a struct an event: a message, with a topic, a version and a key.
///
/// ```ignore
/// #[seam::event(topic = "order.paid", version = 1, key = order_id)]
/// pub struct OrderPaid {
///     pub order_id: OrderId,
///     pub total_cents: u64,
/// }
/// ```
///
/// | option | meaning |
/// | --- | --- |
/// | `topic = "order.paid"` | what happened, in lower-case words with dots between them, 128 bytes at most |
/// | `version = 1` | which of the topic's forms this is; 1 unless given |
/// | `key = order_id` | the field that the event is about: events of one key are handled in their order |
///
/// It is kept and carried as JSON, by the names of its fields. So a new field is an `Option` or has
/// `#[serde(default)]`; what changes more than that is another `version`.
#[proc_macro_attribute]
pub fn event(arguments: TokenStream, item: TokenStream) -> TokenStream {
    diagnostic::output(event::expand(arguments.into(), item.into()))
}

/// Makes an enum an error of a contract: a message, with a stable code, an HTTP status and a text
/// per variant.
///
/// `#[error(…)]` on a variant takes, all optional:
///
/// | option | meaning |
/// | --- | --- |
/// | `status = 404` | its HTTP status; 422 unless given |
/// | `code = "user_not_found"` | its code; the variant's name in snake case unless given |
/// | `text = "no user {id}"` | its text; the first paragraph of its doc comment unless given |
/// | `unknown` | the effect of the failed call is unknown |
/// | `inner` | holds an `InnerError`: a failed call is passed on with a `?` |
/// | `from` | holds a callee's error: that one, and a call that failed with it, are passed on with a `?`, with its code, status and fields |
/// | `store` | holds a `StoreFailure`: `StoreError` and `TransactionError` are passed on with a `?`; their outcome is unknown only where the store can't tell |
///
/// A `?` on what has no variant says which one to add. An enum that has such conversions of its own
/// is marked `#[seam::error(own_from)]`.
///
/// A field can't be called `type`, `title`, `status`, `detail`, `instance`, `code`, `outcome` or
/// `requestId` in JSON: these stand in every problem, and are the runtime's to say.
#[proc_macro_attribute]
pub fn error(arguments: TokenStream, item: TokenStream) -> TokenStream {
    diagnostic::output(error::expand(arguments.into(), item.into()))
}

/// Makes a struct the config of a service, `[services.NAME.config]`: `Deserialize`, `Debug` and
/// `Clone`; keys as the fields are named, and unknown ones refused. A field with a default has
/// `#[serde(default)]` or `#[serde(default = "path")]`.
#[proc_macro_attribute]
pub fn config(arguments: TokenStream, item: TokenStream) -> TokenStream {
    diagnostic::output(config::expand(arguments.into(), item.into()))
}
