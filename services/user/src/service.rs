//! The actor: a table of users, and one that finds them by e-mail.

use seam::prelude::*;

use crate::contract::{Account, User, UserContract, UserError, UserId};
use crate::email;

/// The longest name, in characters: enough for any name, and no place for a novel.
const LONGEST_NAME: usize = 200;

/// Knows the users.
#[derive(Debug)]
pub struct UserService {
    users: Table<UserId, Account>,
    /// By the address's [identity](email::identity): no two users share one.
    by_email: Table<String, UserId>,
}

impl Actor for UserService {
    type Contract = UserContract;
    type Config = ();
    type Needs = ();

    async fn start(setup: &mut Setup<Self>) -> Result<Self, StartError> {
        Ok(Self { users: setup.table("users")?, by_email: setup.table("users_by_email")? })
    }
}

impl User for UserService {
    async fn create(&mut self, name: String, email: String) -> Result<Account, UserError> {
        let (name, email) = (name.trim().to_owned(), email.trim().to_owned());
        if !is_name(&name) {
            return Err(UserError::InvalidName);
        }
        if !email::is_valid(&email) {
            return Err(UserError::InvalidEmail);
        }
        let (users, by_email) = (self.users.clone(), self.by_email.clone());
        let create = self.users.store().transaction(move |tx| {
            let identity = email::identity(&email);
            if tx.get(&by_email, &identity)?.is_some() {
                return Err(UserError::EmailTaken);
            }
            let account = Account { id: tx.next_id(&users)?, name, email };
            tx.insert(&users, &account.id, &account)?;
            tx.insert(&by_email, &identity, &account.id)?;
            Ok(account)
        });
        Ok(create.await?)
    }

    async fn get(&self, id: UserId) -> Result<Account, UserError> {
        self.users.get(&id).await?.ok_or(UserError::UserNotFound)
    }
}

fn is_name(name: &str) -> bool {
    (1..=LONGEST_NAME).contains(&name.chars().count()) && !name.chars().any(char::is_control)
}
