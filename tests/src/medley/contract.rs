//! What can be asked.

use std::collections::BTreeMap;

use seam::prelude::*;

/// An enum with a variant of every kind.
#[seam::message]
pub enum Colour {
    /// No fields.
    Black,
    /// Fields by place.
    Mixed(u8, u8, u8),
    /// Fields by name.
    Named {
        /// One of them.
        colour_name: String,
        /// Another.
        share: f64,
    },
    /// Another message.
    Both(Box<Blob>, Option<Box<Blob>>),
}

/// Bytes with a name.
#[seam::message]
#[derive(Eq)]
pub struct Blob {
    /// The name.
    pub name: String,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// What the medley has kept.
#[seam::message]
#[derive(Eq, Copy)]
pub struct Ledger {
    /// The sum of what was added.
    pub sum: i64,
    /// How often something was saved.
    pub saved: u64,
}

/// What the helper does.
#[seam::message]
#[derive(Eq, Copy)]
pub enum Help {
    /// Answers.
    Answer,
    /// Refuses.
    Refuse,
    /// Panics.
    Panic,
    /// Isn't given any time.
    NoTime,
}

/// How a method fails.
#[seam::message]
#[derive(Eq)]
pub enum Way {
    /// It doesn't.
    Not,
    /// With an error without fields.
    Plainly,
    /// With an error that says more.
    WithDetails(u64, String),
    /// With an error that leaves the outcome unknown.
    Unknown,
}

/// How the medley says no.
#[seam::error]
#[derive(Eq)]
pub enum MedleyError {
    /// No.
    #[error(status = 403)]
    Plain,
    /// No, with details.
    #[error(status = 409, text = "no: {why} ({number})")]
    Detailed {
        /// A number.
        number: u64,
        /// A reason.
        why: String,
    },
    /// Who knows.
    #[error(status = 500, unknown)]
    LostTrack,
    /// The helper failed.
    #[error(inner)]
    Helper(InnerError),
}

/// A method of every kind.
#[seam::contract(name = "medley", version = "1.0")]
pub trait Medley {
    /// Forgets everything.
    async fn wipe(&mut self);
    /// An enum, there and back.
    async fn paint(&self, colour: Colour) -> Colour;
    /// Options in options.
    async fn nest(&self, value: Option<Option<Vec<Option<u16>>>>) -> Option<Option<u64>>;
    /// A map.
    async fn tally(&self, words: BTreeMap<String, Vec<u32>>) -> BTreeMap<String, u64>;
    /// Bytes, backwards.
    async fn flip(&self, bytes: Vec<u8>) -> Vec<u8>;
    /// Nothing, twice.
    async fn unit(&self);
    /// Text, a number and a character, in another order.
    async fn tuple(&self, text: String, pair: (i64, char)) -> (char, String, i64);
    /// A large answer.
    async fn swell(&self, seed: u8, size: u32) -> Vec<u8>;
    /// A large argument.
    async fn weigh(&self, blob: Blob) -> u64;
    /// Panics beside others, at once or later.
    async fn panic_beside(&self, later: bool) -> u64;
    /// Panics alone, at once or later.
    async fn panic_alone(&mut self, later: bool) -> Result<u64, MedleyError>;
    /// Takes its time.
    async fn slow(&self, millis: u8) -> u8;
    /// Never ends by itself.
    async fn hang(&self);
    /// Adds, alone.
    async fn add(&mut self, amount: i64, yields: u8) -> i64;
    /// The sum.
    async fn sum(&self) -> i64;
    /// Saves, to the end whoever leaves.
    #[call(complete)]
    async fn save(&self, yields: u8) -> Result<(), MedleyError>;
    /// What has been kept; alone, so that everything before it is in.
    async fn ledger(&mut self) -> Ledger;
    /// Fails in some way.
    async fn fail(&self, way: Way) -> Result<String, MedleyError>;
    /// Adds, then fails in some way.
    async fn add_and_fail(&mut self, amount: i64, way: Way) -> Result<i64, MedleyError>;
    /// Asks the helper.
    async fn ask(&self, help: Help) -> Result<u64, MedleyError>;
}

/// How the helper says no.
#[seam::error]
#[derive(Eq)]
pub enum EchoError {
    /// Not today.
    #[error(text = "not today, {name}")]
    NotToday {
        /// Who.
        name: String,
    },
}

/// Whom the medley calls.
#[seam::contract(name = "echo", version = "1.0")]
pub trait Echo {
    /// Answers, or doesn't.
    async fn reply(&self, help: Help) -> Result<u64, EchoError>;
}
