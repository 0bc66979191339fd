//! A record, and how it is written down.

use super::codes::Text;
use super::ended::Ended;
use crate::context::{SpanId, Spot, TraceId};
use crate::name::{Caller, ServiceId};
use crate::time::Moment;

/// A finished call or request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record {
    /// Where it stands in its trace.
    pub spot: Spot,
    /// What began it, in another trace.
    pub link: Option<(TraceId, SpanId)>,
    /// Which side of a call it is, or a request.
    pub kind: RecordKind,
    /// Which service it is of: see [`Recorder::of`](super::Recorder::of); none of a request.
    pub known: Option<u32>,
    /// The method's index in the contract; of a request the number of its name.
    pub method: u32,
    /// Who called; none of a request.
    pub caller: Option<Caller>,
    /// When it began.
    pub began: Moment,
    /// How long it took, in nanoseconds.
    pub took: u64,
    /// How long of that it waited in the mailbox, in nanoseconds.
    pub wait: u64,
    /// Whether it was slow, by its limit.
    pub slow: bool,
    /// Whether it is kept. What isn't is written for who looks at calls one by one, and for nobody else.
    pub kept: bool,
    /// Whether somebody looks at calls one by one.
    pub tapped: bool,
    /// How it ended.
    pub ended: Ended,
    /// The code of what went wrong.
    pub code: Text,
    /// Of a request: the path that was asked for.
    pub path: Text,
    /// Of a request: the status of its response.
    pub status: u16,
}

/// What a record is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RecordKind {
    /// A call, where it ran.
    Server,
    /// A call, where it was made.
    Client,
    /// A request at the edge.
    Request,
}

/// A record in words.
#[derive(Debug)]
pub(super) struct Words(pub(super) [u64; Self::LENGTH]);

impl Words {
    pub(super) const LENGTH: usize = 13;
}

const NONE: u32 = u32::MAX;
const NOBODY: u32 = 0;
const PROGRAM: u32 = 1;
const OPERATOR: u32 = 2;
const EDGE: u32 = 3;
/// Services follow.
const SERVICE: u32 = 4;

impl Record {
    /// Of a request: its name, such as `POST /api/order`.
    pub fn name(&self) -> Text {
        Text::of_number(self.method)
    }

    pub(super) fn to_words(self) -> Words {
        let Spot { trace, span, parent, sampled } = self.spot;
        let trace = trace.get();
        let link = self.link.map_or((0, 0), |(trace, span)| (trace.get(), span.0));
        let caller = match self.caller {
            None => NOBODY,
            Some(Caller::Program) => PROGRAM,
            Some(Caller::Operator) => OPERATOR,
            Some(Caller::Edge) => EDGE,
            Some(Caller::Service(service)) => SERVICE + u32::from(service.raw()),
        };
        let flags = [sampled, self.slow, self.kept, self.tapped];
        let flags = (0..).zip(flags).map(|(bit, flag)| u8::from(flag) << bit).sum();
        let bytes = [self.kind as u8, self.ended as u8, flags, 0];
        Words([
            (trace >> 64) as u64,
            trace as u64,
            span.0,
            parent.0,
            self.began.as_nanos(),
            self.took,
            self.wait,
            pair(self.known.unwrap_or(NONE), self.method),
            pair(caller, u32::from_le_bytes(bytes)),
            pair(self.code.number() << 16 | self.path.number(), self.status.into()),
            (link.0 >> 64) as u64,
            link.0 as u64,
            link.1,
        ])
    }

    pub(super) fn from_words(words: &Words) -> Self {
        let [high, low, span, parent, began, took, wait, method, caller, texts, link @ ..] =
            words.0;
        let [link_high, link_low, link_span] = link;
        let trace = |high: u64, low: u64| TraceId::new(u128::from(high) << 64 | u128::from(low));
        let (known, method) = parts(method);
        let (caller, bits) = parts(caller);
        let (texts, status) = parts(texts);
        let [kind, ended, flags, _] = bits.to_le_bytes();
        let flag = |bit: u8| flags >> bit & 1 == 1;
        let caller = match caller {
            NOBODY => None,
            PROGRAM => Some(Caller::Program),
            OPERATOR => Some(Caller::Operator),
            EDGE => Some(Caller::Edge),
            service => Some(Caller::Service(ServiceId::from_raw((service - SERVICE) as u16))),
        };
        Self {
            spot: Spot {
                trace: trace(high, low),
                span: SpanId(span),
                parent: SpanId(parent),
                sampled: flag(0),
            },
            link: (link_span != 0).then(|| (trace(link_high, link_low), SpanId(link_span))),
            kind: match kind {
                0 => RecordKind::Server,
                1 => RecordKind::Client,
                _ => RecordKind::Request,
            },
            known: (known != NONE).then_some(known),
            method,
            caller,
            began: Moment::from_nanos(began),
            took,
            wait,
            slow: flag(1),
            kept: flag(2),
            tapped: flag(3),
            ended: match ended {
                0 => Ended::Answered,
                1 => Ended::ServiceError,
                2 => Ended::NotExecuted,
                _ => Ended::Unknown,
            },
            code: Text::of_number(texts >> 16),
            path: Text::of_number(texts & 0xffff),
            status: status as u16,
        }
    }
}

const fn pair(high: u32, low: u32) -> u64 {
    (high as u64) << 32 | low as u64
}

const fn parts(word: u64) -> (u32, u32) {
    ((word >> 32) as u32, word as u32)
}
