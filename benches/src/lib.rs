//! A load generator for services that speak HTTP/1.1, and what its results are compared with.
//!
//! It measures Quorate and its peers alike: the same connections, the same number of requests in
//! flight, the same TLS. Benchmarks of single crates are in those crates.
//!
//! | module | holds |
//! |---|---|
//! | [`template`] | requests with placeholders |
//! | [`target`] | the service's address, TLS |
//! | [`response`] | incremental parser of responses |
//! | [`connection`] | one connection with requests in flight |
//! | [`run`] | all connections, warm-up, the end of a run |
//! | [`commit`] | waiting for the last transaction to be committed |
//! | [`histogram`] | latencies |
//! | [`report`] | results as JSON, and as a table |

pub mod commit;
pub mod connection;
pub mod error;
pub mod histogram;
pub mod limits;
pub mod report;
pub mod response;
pub mod run;
pub mod target;
pub mod template;

pub use error::LoadError;
