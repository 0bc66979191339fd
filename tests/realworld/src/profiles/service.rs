//! The actor: a table of who follows whom.

use seam::prelude::*;

use super::contract::*;
use crate::users::{Change, Person, Token, UserId, UsersClient};

/// Knows who follows whom.
#[derive(Debug)]
pub struct ProfileService {
    /// Who follows, and whom.
    follows: Table<(UserId, UserId), ()>,
    users: UsersClient,
}

impl Actor for ProfileService {
    type Contract = ProfilesContract;
    type Config = ();
    type Needs = (UsersClient,);

    async fn start(setup: &mut Setup<Self>) -> Result<Self, StartError> {
        Ok(Self { follows: setup.table("follows")?, users: setup.client()? })
    }
}

impl Profiles for ProfileService {
    async fn get(&self, token: Token, username: String) -> Result<ProfileBody, ProfileError> {
        let viewer = self.users.viewer(token).await?;
        let person = self.users.find(username).await?;
        let follows = self.follows.get(&(viewer, person.id)).await?;
        Ok(ProfileBody { profile: profile(person, follows.is_some()) })
    }

    async fn follow(
        &self,
        token: Token,
        username: String,
        _: Option<Change>,
    ) -> Result<ProfileBody, ProfileError> {
        let user = self.users.identify(token).await?;
        let person = self.users.find(username).await?;
        self.follows.clone().insert(&(user, person.id), &()).await?;
        Ok(ProfileBody { profile: profile(person, true) })
    }

    async fn unfollow(&self, token: Token, username: String) -> Result<ProfileBody, ProfileError> {
        let user = self.users.identify(token).await?;
        let person = self.users.find(username).await?;
        self.follows.clone().remove(&(user, person.id)).await?;
        Ok(ProfileBody { profile: profile(person, false) })
    }

    async fn seen_by(
        &self,
        viewer: UserId,
        users: Vec<UserId>,
    ) -> Result<Vec<Profile>, ProfileError> {
        let follows: Vec<_> = users.iter().map(|user| (viewer, *user)).collect();
        let follows = self.follows.get_many(&follows).await?;
        let people = self.users.people(users).await?.into_iter().zip(follows);
        Ok(people.map(|(person, follows)| profile(person, follows.is_some())).collect())
    }

    async fn followed_by(&self, user: UserId) -> Result<Vec<UserId>, ProfileError> {
        let follows = self.follows.scan(Keys::prefix(&user)).await?;
        Ok(follows.into_iter().map(|((_, followed), ())| followed).collect())
    }
}

fn profile(Person { username, bio, image, .. }: Person, following: bool) -> Profile {
    Profile { username, bio, image, following }
}
