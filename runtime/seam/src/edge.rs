//! What a program says of the clients at its edges.

pub use seam_core::context::Principal;
pub use seam_gateway::{Asked, AskedRequest, Refusal};

pub use crate::services::{Security, SecuritySetup};
pub use crate::sign_in::SignIn;
