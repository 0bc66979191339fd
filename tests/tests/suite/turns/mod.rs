//! The rules of turns, on every lane and over every route.
