//! The actor: whom a mail is for, and that it is sent.

use lettre::message::Mailbox;
use order::OrderPaid;
use seam::prelude::*;
use user::UserClient;

use crate::contract::{Mail, MailContract, MailError};
use crate::letter;
use crate::post::Post;

/// Confirms orders.
///
/// It keeps nothing of its own: that an event was handled is what the runtime keeps. A mail that was
/// sent just before a crash may be sent once more; in the folder that is the same file, and for a mail
/// server the same `Message-ID`.
#[derive(Debug)]
pub struct MailService {
    users: UserClient,
    from: Mailbox,
    post: Post,
}

/// `[services.mail.config]`.
///
/// ```toml
/// [services.mail.config]
/// smtp = "smtp://127.0.0.1:25"
/// from = "Shop <shop@example.com>"
/// ```
#[seam::config]
pub struct MailConfig {
    /// The mail server: `smtp://HOST:PORT`; `smtps://USER:${SMTP_PASSWORD}@HOST` for TLS, or
    /// `smtp://HOST:PORT?tls=required` for STARTTLS. Without it mail goes into the folder `mail` of the
    /// data folder, a file `{orderId}.eml` for each.
    pub smtp: Option<String>,
    /// Whom mail is from. Default: `Shop <shop@localhost>`.
    #[serde(default = "from")]
    pub from: String,
}

fn from() -> String {
    "Shop <shop@localhost>".to_owned()
}

impl Actor for MailService {
    type Contract = MailContract;
    type Config = MailConfig;
    type Needs = (UserClient,);

    async fn start(setup: &mut Setup<Self>) -> Result<Self, StartError> {
        let MailConfig { smtp, from } = setup.config();
        let wrong = |key: &str, why: &dyn std::fmt::Display| {
            StartError::failed(format!("`{key}` in [services.mail.config]: {why}"))
        };
        let from = from.parse().map_err(|error| wrong("from", &error))?;
        let post = match smtp {
            Some(url) => Post::server(url).map_err(|error| wrong("smtp", &error))?,
            None => {
                let folder = setup.data()?.join("mail");
                let failed = |error| format!("{}: {error}", folder.display());
                Post::folder(folder.clone()).map_err(|error| StartError::failed(failed(error)))?
            }
        };
        Ok(Self::new(setup.client()?, from, post))
    }
}

impl MailService {
    pub(crate) const fn new(users: UserClient, from: Mailbox, post: Post) -> Self {
        Self { users, from, post }
    }
}

impl Mail for MailService {
    async fn order_paid(&self, event: OrderPaid) -> Result<(), MailError> {
        let user = self.users.get(event.user_id).await?;
        let letter = letter::confirmation(&self.from, &user, &event)?;
        self.post.send(event.order_id.to_string(), letter).await
    }
}
