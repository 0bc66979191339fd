//! A call that can be made several times.

use std::fmt;

use super::client::Client;
use super::command::KeepError;
use super::dispatch::Callable;
use super::future::Call;
use crate::codec::finite;
use crate::contract::Method;
use crate::turn::Held;

/// A call whose arguments are kept as JSON, so that it can be made as often as it takes.
pub struct Repeatable<M: Method> {
    client: Client<M::Contract>,
    arguments: Vec<u8>,
}

impl<M: Callable> Call<M> {
    /// Keeps the call to be made several times.
    ///
    /// # Errors
    /// It has begun, or JSON can't say its arguments.
    pub fn repeatable(self) -> Result<Repeatable<M>, KeepError> {
        let client = self.client.clone();
        match self.into_held() {
            Held::Here(message) => {
                let arguments = finite::to_json(&message).map_err(KeepError::Refused)?;
                Ok(Repeatable { client, arguments })
            }
            Held::Taken => Err(KeepError::Refused("the call has begun".to_owned())),
        }
    }
}

impl<M: Callable> Repeatable<M> {
    /// The call once more.
    ///
    /// # Errors
    /// Its arguments can't be read any more.
    pub fn call(&self) -> Result<Call<M>, KeepError> {
        let message = serde_json::from_slice(&self.arguments);
        let message: M = message.map_err(|error| KeepError::Refused(error.to_string()))?;
        Ok(self.client.call(message))
    }
}

impl<M: Method> fmt::Debug for Repeatable<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Repeatable({})", M::SPEC.name)
    }
}
