//! What may be asked of the second major.

use user::UserId;

use crate::LoyaltyError;

/// Points for faithful users, and the tiers that they come to by these.
#[seam::contract(name = "loyalty", version = "2.0")]
pub trait Loyalty {
    /// Gives a user points, and says how many there are now.
    #[call(http = "POST /api/points/{user_id}", status = 201, public, deadline = "2s")]
    async fn give(&mut self, user_id: UserId, points: u64) -> Result<Balance, LoyaltyError>;

    /// How many points a user has.
    #[call(http = "GET /api/points/{user_id}", public)]
    async fn balance(&self, user_id: UserId) -> Result<Balance, LoyaltyError>;
}

/// A user's points.
#[seam::message]
pub struct Balance {
    /// The user.
    pub user_id: UserId,
    /// How many they have.
    pub points: u64,
    /// What that makes them.
    pub tier: Tier,
}

/// What a user's points come to.
#[seam::message]
pub enum Tier {
    /// Everybody.
    Bronze,
    /// From 100 points on.
    Silver,
    /// From 1,000 points on.
    Gold,
}

impl Tier {
    /// That of so many points.
    pub const fn of(points: u64) -> Self {
        match points {
            0..100 => Self::Bronze,
            100..1_000 => Self::Silver,
            _ => Self::Gold,
        }
    }
}
