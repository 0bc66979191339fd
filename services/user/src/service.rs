//! The actor: a table of users, no two of whom have the same e-mail address.

use seam::edge::SignIn;
use seam::prelude::*;

use crate::contract::{Account, User, UserContract, UserCreated, UserError, UserId};
use crate::email;
use crate::password::Passwords;

/// The longest name, in characters: enough for any name, and no place for a novel.
const LONGEST_NAME: usize = 200;

/// Knows the users.
#[derive(Debug)]
pub struct UserService {
    users: Table<UserId, Account>,
    by_email: Unique<String, UserId, Account>,
    /// What is kept of the passwords of those who have one.
    hashes: Table<UserId, String>,
    passwords: Passwords,
    created: Topic<UserCreated>,
}

impl Actor for UserService {
    type Contract = UserContract;
    type Config = ();
    type Needs = ();

    async fn start(setup: &mut Setup<Self>) -> Result<Self, StartError> {
        let users = setup.table("users")?;
        let by_email =
            setup.unique(&users, "by_email", |_, user: &Account| email::identity(&user.email))?;
        let (hashes, passwords) = (setup.table("password_hashes")?, Passwords::new());
        Ok(Self { users, by_email, hashes, passwords, created: setup.topic()? })
    }
}

impl User for UserService {
    async fn create(
        &self,
        name: String,
        email: String,
        password: Option<String>,
    ) -> Result<Account, UserError> {
        let (name, email) = (name.trim().to_owned(), email.trim().to_owned());
        if !is_name(&name) {
            return Err(UserError::InvalidName);
        }
        if !email::is_valid(&email) {
            return Err(UserError::InvalidEmail);
        }
        let hash = match password {
            Some(password) => Some(self.passwords.hash(password).await?),
            None => None,
        };
        let (users, created) = (self.users.clone(), self.created.clone());
        let hashes = self.hashes.clone();
        let create = self.users.store().transaction(move |tx| {
            let account = Account { id: tx.next_id(&users)?, name, email };
            tx.insert(&users, &account.id, &account).map_err(|error| match error {
                StoreError::NotUnique { .. } => UserError::EmailTaken,
                other => other.into(),
            })?;
            if let Some(hash) = hash {
                tx.insert(&hashes, &account.id, &hash)?;
            }
            let Account { id: user_id, name, email } = account.clone();
            tx.publish(&created, &UserCreated { user_id, name, email })?;
            Ok::<_, UserError>(account)
        });
        Ok(create.await?)
    }

    async fn get(&self, id: UserId) -> Result<Account, UserError> {
        self.users.get(&id).await?.ok_or(UserError::UserNotFound)
    }

    async fn sign_in(&self, email: String, password: String) -> Result<SignIn, UserError> {
        let found = self.by_email.get(&email::identity(email.trim())).await?;
        let id = found.map(|(id, _)| id);
        let kept = match id {
            Some(id) => self.hashes.get(&id).await?,
            None => None,
        };
        // Who isn't there takes as long as who is, and is told the same.
        let fits = self.passwords.fits(password, kept).await?;
        id.filter(|_| fits).map(SignIn::new).ok_or(UserError::WrongPassword)
    }

    /// The edge ends the session; nothing is kept of it here.
    async fn sign_out(&self) {}
}

fn is_name(name: &str) -> bool {
    (1..=LONGEST_NAME).contains(&name.chars().count()) && !name.chars().any(char::is_control)
}
