//! What a service refuses: each refusal with its exact status, code and text; none stops the node or changes a table.
#![cfg(test)]

mod arguments;
mod authentication;
mod ballots;
mod proposals;
mod requests;
mod scripts;
