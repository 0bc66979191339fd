//! Several gateways before one house: what is the same at each of them.

mod house;
mod leaving;
mod push;
mod rules;
mod same;
