//! The actor.

use seam::prelude::*;
use user::{UserClient, UserId};

use crate::contract::{Balance, Loyalty, LoyaltyContract, LoyaltyError};

/// The loyalty service.
#[derive(Debug)]
pub struct LoyaltyService {
    balances: Table<UserId, u64>,
    users: UserClient,
    most: u64,
}

/// `[services.loyalty.config]`. Unknown keys are refused.
#[seam::config]
pub struct LoyaltyConfig {
    /// Points that may be given at once. Default: 100.
    #[serde(default = "most_at_once")]
    pub most_at_once: u64,
}

fn most_at_once() -> u64 {
    100
}

impl LoyaltyService {
    /// The service, made by hand: for tests.
    pub fn new(balances: Table<UserId, u64>, users: UserClient, most: u64) -> Self {
        Self { balances, users, most }
    }
}

impl Actor for LoyaltyService {
    type Contract = LoyaltyContract;
    type Config = LoyaltyConfig;
    type Needs = (UserClient,);

    async fn start(setup: &mut Setup<Self>) -> Result<Self, StartError> {
        Ok(Self::new(setup.table("balances")?, setup.client()?, setup.config().most_at_once))
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
        let balance = Balance { user_id, points: before.saturating_add(points) };
        self.balances.insert(&user_id, &balance.points).await?; // on disk from here on
        Ok(balance)
    }

    async fn balance(&self, user_id: UserId) -> Result<Balance, LoyaltyError> {
        let points = self.balances.get(&user_id).await?.unwrap_or(0);
        Ok(Balance { user_id, points })
    }
}
