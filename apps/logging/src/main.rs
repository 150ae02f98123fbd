//! The sample logging application, as a node program of its own.

mod multi_auth;
mod preconditions;
mod records;
mod routes;
mod schemas;

fn main() {}
