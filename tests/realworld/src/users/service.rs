//! The actor: a table of accounts, found by name and by address too.

use seam::prelude::*;
use serde::{Deserialize, Serialize};

use super::contract::*;
use super::password::Passwords;
use super::token::Tokens;
use crate::Invalid;
use crate::invalid::filled;

/// Knows the users.
#[derive(Debug)]
pub struct UserService {
    accounts: Table<UserId, Account>,
    by_name: Unique<String, UserId, Account>,
    by_email: Unique<String, UserId, Account>,
    passwords: Passwords,
    tokens: Tokens,
}

/// `[services.users.config]`.
#[seam::config]
pub struct UsersConfig {
    /// What tokens are signed with.
    pub secret: String,
    /// The memory that hashing a password takes. Default: 19,456 KiB.
    pub hashing_kib: Option<u32>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Account {
    username: String,
    email: String,
    bio: Option<String>,
    image: Option<String>,
    password_hash: String,
}

impl Actor for UserService {
    type Contract = UsersContract;
    type Config = UsersConfig;
    type Needs = ();

    async fn start(setup: &mut Setup<Self>) -> Result<Self, StartError> {
        let accounts = setup.table("accounts")?;
        Ok(Self {
            by_name: accounts
                .unique("username", |_, account: &Account| account.username.clone())?,
            by_email: accounts.unique("email", |_, account: &Account| account.email.clone())?,
            accounts,
            passwords: Passwords::new(setup.config().hashing_kib)?,
            tokens: Tokens::new(&setup.config().secret),
        })
    }
}

impl Users for UserService {
    async fn register(&self, user: Registration) -> Result<UserBody, UserError> {
        let Registration { username, email, password } = user;
        filled("username", &username)?;
        filled("email", &email)?;
        filled("password", &password)?;
        let password_hash = self.passwords.hash(&password)?;
        let account = Account { username, email, bio: None, image: None, password_hash };
        let accounts = self.accounts.clone();
        let register = self.accounts.store().transaction(move |tx| {
            let id = tx.next_id(&accounts)?;
            tx.insert(&accounts, &id, &account)?;
            Ok::<_, StoreError>((id, account))
        });
        let (id, account) = register.await.map_err(|error| taken(error.into()))?;
        Ok(self.body(id, account))
    }

    async fn login(&self, user: Credentials) -> Result<UserBody, UserError> {
        filled("email", &user.email)?;
        filled("password", &user.password)?;
        let found = self.by_email.get(&user.email).await?;
        let hash = found.as_ref().map(|(_, account)| &*account.password_hash);
        match (self.passwords.fits(&user.password, hash), found) {
            (true, Some((id, account))) => Ok(self.body(id, account)),
            _ => Err(UserError::WrongCredentials),
        }
    }

    async fn current(&self, token: Token) -> Result<UserBody, UserError> {
        let (id, account) = self.account(token).await?;
        Ok(self.body(id, account))
    }

    async fn update(&self, token: Token, user: Change) -> Result<UserBody, UserError> {
        let (id, _) = self.account(token).await?;
        let Change { username, email, password, bio, image } = user;
        filled("username", &username)?;
        filled("email", &email)?;
        filled("password", &password)?;
        let hash = password.map(|password| self.passwords.hash(&password)).transpose()?;
        let update = self.accounts.clone().update(&id, move |account| {
            account.username = username.unwrap_or_else(|| account.username.clone());
            account.email = email.unwrap_or_else(|| account.email.clone());
            account.password_hash = hash.unwrap_or_else(|| account.password_hash.clone());
            bio.apply(&mut account.bio);
            image.apply(&mut account.image);
        });
        let account = update.await.map_err(taken)?.ok_or(UserError::UserNotFound)?;
        Ok(self.body(id, account))
    }

    async fn identify(&self, token: Token) -> Result<UserId, UserError> {
        Ok(self.account(token).await?.0)
    }

    async fn viewer(&self, token: Token) -> Result<UserId, UserError> {
        match token {
            Some(_) => self.identify(token).await,
            None => Ok(NOBODY),
        }
    }

    async fn find(&self, username: String) -> Result<Person, UserError> {
        let found = self.by_name.get(&username).await?;
        found.map(person).ok_or(UserError::UserNotFound)
    }

    async fn people(&self, ids: Vec<UserId>) -> Result<Vec<Person>, UserError> {
        let accounts = self.accounts.get_many(&ids).await?;
        let person = |(id, account): (_, Option<_>)| Some(person((id, account?)));
        let people: Option<_> = ids.into_iter().zip(accounts).map(person).collect();
        people.ok_or(UserError::UserNotFound)
    }
}

impl UserService {
    /// Whose token this is. It may be older than the data.
    async fn account(&self, token: Token) -> Result<(UserId, Account), UserError> {
        let id = token.and_then(|token| self.tokens.read(&token)).ok_or(UserError::Unauthorized)?;
        let account = self.accounts.get(&id).await?.ok_or(UserError::Unauthorized)?;
        Ok((id, account))
    }

    fn body(&self, id: UserId, account: Account) -> UserBody {
        let Account { username, email, bio, image, .. } = account;
        UserBody { user: User { email, token: self.tokens.issue(id), username, bio, image } }
    }
}

fn person((id, account): (UserId, Account)) -> Person {
    let Account { username, bio, image, .. } = account;
    Person { id, username, bio, image }
}

fn taken(error: StoreError) -> UserError {
    match error {
        StoreError::NotUnique { index, .. } => Invalid::Taken { field: index }.into(),
        other => other.into(),
    }
}
