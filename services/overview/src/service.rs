//! The actor: it asks, and keeps nothing.

use order::{OrderClient, OrderId, OrderPage};
use seam::prelude::*;
use user::{UserClient, UserId};

use crate::contract::{Overview, OverviewContract, OverviewError, UserOrders};

/// Puts together what others know.
#[derive(Debug)]
pub struct OverviewService {
    pub(crate) users: UserClient,
    pub(crate) orders: OrderClient,
}

impl Actor for OverviewService {
    type Contract = OverviewContract;
    type Config = ();
    type Needs = (UserClient, OrderClient);

    async fn start(setup: &mut Setup<Self>) -> Result<Self, StartError> {
        Ok(Self { users: setup.client()?, orders: setup.client()? })
    }
}

impl Overview for OverviewService {
    async fn orders(
        &self,
        id: UserId,
        limit: Option<u32>,
        after: Option<OrderId>,
    ) -> Result<UserOrders, OverviewError> {
        // Both at once: it takes as long as the slower one.
        let (user, page) = tokio::join!(self.users.get(id), self.orders.list(id, limit, after));
        // Of two failures, always the same one is told.
        let user = user?;
        let OrderPage { orders, next } = page?;
        Ok(UserOrders { user, orders, next })
    }
}
