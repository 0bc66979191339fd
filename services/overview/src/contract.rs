//! What others may ask of the service.

use order::{OrderError, OrderId, Purchase};
use seam::outcome::InnerError;
use user::{Account, UserError, UserId};

/// What a user sees first.
#[seam::contract(name = "overview", version = "1.0")]
pub trait Overview {
    /// A user and the user's orders, oldest first: a page of 1 to 100 orders, 20 unless `limit` says
    /// otherwise, from behind the order `after` on.
    #[call(http = "GET /api/user/{id}/orders", public, allow = "self:id or role:support")]
    async fn orders(
        &self,
        id: UserId,
        limit: Option<u32>,
        after: Option<OrderId>,
    ) -> Result<UserOrders, OverviewError>;
}

/// A user, and some of the user's orders.
#[seam::message]
pub struct UserOrders {
    /// Who has ordered.
    pub user: Account,
    /// Oldest first.
    pub orders: Vec<Purchase>,
    /// The `after` that gets the next page; none at the end.
    pub next: Option<OrderId>,
}

/// Why there is nothing to see.
#[seam::error]
pub enum OverviewError {
    /// who it is isn't known
    #[error(from)]
    User(UserError),
    /// the orders aren't told
    #[error(from)]
    Order(OrderError),
    /// a call that the service made failed
    #[error(inner)]
    Inner(InnerError),
}
