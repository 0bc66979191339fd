//! The terminal that somebody sits at: what they press, and how it gets back as it was.

mod interrupts;
mod keys;
mod screen;

pub(super) use self::{
    interrupts::Interrupts,
    keys::{Key, Keys},
    screen::Screen,
};
