//! What accepted actions do, beyond the walk-through: each action of the catalogue (governance-api.md 8), as the
//! governance API and the interfaces show it.
#![cfg(test)]

mod application;
mod nodes;
mod policy;
mod service;
