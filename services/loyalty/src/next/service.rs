//! The actor of the second major.

use seam::prelude::*;
use user::{UserClient, UserId};

use super::contract::{Balance, Loyalty, LoyaltyContract, Tier};
use crate::{LoyaltyConfig, LoyaltyError};

/// The loyalty service, second major. It has points of its own.
#[derive(Debug)]
pub struct LoyaltyService {
    balances: Table<UserId, u64>,
    users: UserClient,
    most: u64,
}

impl Actor for LoyaltyService {
    type Contract = LoyaltyContract;
    type Config = LoyaltyConfig;
    type Needs = (UserClient,);

    async fn start(setup: &mut Setup<Self>) -> Result<Self, StartError> {
        let (balances, users) = (setup.table("balances")?, setup.client()?);
        Ok(Self { balances, users, most: setup.config().most_at_once })
    }
}

impl Loyalty for LoyaltyService {
    async fn give(&mut self, user_id: UserId, points: u64) -> Result<Balance, LoyaltyError> {
        if points > self.most {
            return Err(LoyaltyError::TooMany { most: self.most });
        }
        self.users.get(user_id).await?;
        // Nobody comes in between: the turn is exclusive.
        let before = self.balances.get(&user_id).await?.unwrap_or(0);
        let points = before.saturating_add(points);
        self.balances.insert(&user_id, &points).await?; // on disk from here on
        Ok(Balance { user_id, points, tier: Tier::of(points) })
    }

    async fn balance(&self, user_id: UserId) -> Result<Balance, LoyaltyError> {
        let points = self.balances.get(&user_id).await?.unwrap_or(0);
        Ok(Balance { user_id, points, tier: Tier::of(points) })
    }
}
