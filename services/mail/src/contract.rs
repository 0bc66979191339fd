//! What the service acts on.

use order::OrderPaid;
use seam::outcome::InnerError;
use user::UserError;

/// Mail to the shop's users.
#[seam::contract(name = "mail", version = "1.0")]
pub trait Mail {
    /// Confirms an order that was paid for.
    #[call(on, deadline = "20s")]
    async fn order_paid(&self, event: OrderPaid) -> Result<(), MailError>;
}

/// Why a mail wasn't sent.
#[seam::error]
pub enum MailError {
    /// whom the mail is for isn't known
    #[error(from)]
    User(UserError),
    /// the mail can't be written
    #[error(status = 422, text = "the mail can't be written: {reason}")]
    Unwritable {
        /// What is wrong with the address, for instance.
        reason: String,
    },
    /// the mail server didn't take the mail
    #[error(status = 502, text = "the mail server didn't take the mail: {reason}")]
    Undelivered {
        /// What it said, with its code.
        reason: String,
    },
    /// the mail can't be kept in its folder
    #[error(status = 500, text = "the mail can't be kept in its folder: {reason}")]
    NotKept {
        /// What the disk said.
        reason: String,
    },
    /// a call that the service made failed
    #[error(inner)]
    Inner(InnerError),
}
