//! A run: all connections, from warm-up to the last answer.

use std::{
    sync::{Arc, atomic::AtomicU64},
    time::{Duration, Instant},
};

use tokio::task::JoinSet;

use crate::{
    LoadError, commit,
    connection::{self, Load},
    report::{Report, Tally},
    target::Target,
    template::Template,
};

/// What is to be done.
#[derive(Clone)]
pub struct Plan {
    /// Name of the result.
    pub name: String,
    /// The service.
    pub target: Target,
    /// The requests.
    pub template: Template,
    /// Connections.
    pub connections: usize,
    /// Requests in flight on each.
    pub depth: usize,
    /// Numbers go from 0 to below this, over and over.
    pub keys: u64,
    /// Time that is not measured.
    pub warm_up: Duration,
    /// Time that is measured.
    pub duration: Duration,
    /// Most requests.
    pub count: Option<u64>,
    /// Path that tells whether a transaction is committed.
    pub committed: Option<String>,
}

/// Runs a load.
///
/// # Errors
/// No connection could be opened, or the last transaction is not committed. What goes wrong on
/// single connections is in the report.
pub async fn run(plan: &Plan) -> Result<Report, LoadError> {
    let mut streams = Vec::with_capacity(plan.connections);
    for _ in 0..plan.connections {
        streams.push(plan.target.connect().await?);
    }
    let begin = Instant::now();
    let measure_from = begin + plan.warm_up;
    let load = Arc::new(Load {
        template: plan.template.clone(),
        depth: plan.depth,
        keys: plan.keys,
        count: plan.count.unwrap_or(u64::MAX),
        measure_from,
        until: measure_from + plan.duration,
        sent: AtomicU64::new(0),
    });
    let mut running = JoinSet::new();
    for stream in streams {
        let load = Arc::clone(&load);
        running.spawn(async move { connection::drive(stream, &load).await });
    }
    let mut all = Tally::default();
    let mut failures = Vec::new();
    while let Some(ended) = running.join_next().await {
        match ended {
            Ok((tally, outcome)) => {
                all.add(&tally);
                failures.extend(outcome.err().map(|error| error.to_string()));
            }
            Err(error) => failures.push(error.to_string()),
        }
    }
    let commit = match (&plan.committed, all.transaction) {
        (Some(path), Some(transaction)) => {
            Some(commit::wait(&plan.target, path, transaction).await?)
        }
        (Some(_), None) => {
            return Err(LoadError::Response(
                "no answer had a transaction id, so there is nothing to see committed".to_owned(),
            ));
        }
        (None, _) => None,
    };
    Ok(Report::new(plan, &all, failures, measure_from, commit))
}
