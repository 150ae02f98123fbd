//! Results: as one line of JSON each, and as a table with ratios.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};

use crate::{histogram::Histogram, response::Transaction, run::Plan};

/// What connections have seen.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    statuses: BTreeMap<u16, u64>,
    /// In nanoseconds.
    latencies: Histogram,
    last: Option<Instant>,
    /// The highest transaction id.
    pub transaction: Option<Transaction>,
}

impl Tally {
    /// Counts an answer.
    pub fn record(&mut self, status: u16, latency: Duration, now: Instant) {
        *self.statuses.entry(status).or_default() += 1;
        self.latencies
            .record(u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX));
        self.last = self.last.max(Some(now));
    }

    /// Adds what another connection has seen.
    pub fn add(&mut self, other: &Self) {
        for (status, count) in &other.statuses {
            *self.statuses.entry(*status).or_default() += count;
        }
        self.latencies.add(&other.latencies);
        self.last = self.last.max(other.last);
        self.transaction = self.transaction.max(other.transaction);
    }
}

/// The result of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// As the run was named.
    pub name: String,
    /// Connections.
    pub connections: usize,
    /// Requests in flight on each.
    pub pipeline: usize,
    /// Answers that were measured.
    pub requests: u64,
    /// Those of them that were not 2xx.
    pub errors: u64,
    /// Answers by status.
    pub statuses: BTreeMap<u16, u64>,
    /// Why connections ended early.
    pub failures: Vec<String>,
    /// From the end of the warm-up to the last answer.
    pub seconds: f64,
    /// 2xx answers a second.
    pub requests_per_second: f64,
    /// Latencies in microseconds.
    pub latency_us: Latency,
    /// The highest transaction id that was answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_transaction: Option<String>,
    /// How long after the last answer it was committed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds_to_commit: Option<f64>,
    /// 2xx answers a second, counting the time until all were committed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub committed_per_second: Option<f64>,
}

/// Latencies in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Latency {
    pub mean: f64,
    pub p50: f64,
    pub p90: f64,
    pub p99: f64,
    pub p999: f64,
    pub max: f64,
}

impl Report {
    pub(crate) fn new(
        plan: &Plan,
        all: &Tally,
        failures: Vec<String>,
        measure_from: Instant,
        commit: Option<Duration>,
    ) -> Self {
        let good: u64 = all.statuses.range(200..300).map(|(_, count)| count).sum();
        let requests = all.latencies.len();
        let seconds = all
            .last
            .map_or(0.0, |last| (last - measure_from).as_secs_f64());
        let rate = |seconds: f64| {
            if seconds > 0.0 {
                good as f64 / seconds
            } else {
                0.0
            }
        };
        let commit = commit.map(|time| time.as_secs_f64());
        let us = |nanoseconds: u64| nanoseconds as f64 / 1000.0;
        let latencies = &all.latencies;
        Self {
            name: plan.name.clone(),
            connections: plan.connections,
            pipeline: plan.depth,
            requests,
            errors: requests - good,
            statuses: all.statuses.clone(),
            failures,
            seconds,
            requests_per_second: rate(seconds),
            latency_us: Latency {
                mean: latencies.mean() / 1000.0,
                p50: us(latencies.quantile(0.5)),
                p90: us(latencies.quantile(0.9)),
                p99: us(latencies.quantile(0.99)),
                p999: us(latencies.quantile(0.999)),
                max: us(latencies.max()),
            },
            last_transaction: all.transaction.map(|transaction| transaction.to_string()),
            seconds_to_commit: commit,
            committed_per_second: commit.map(|time| rate(seconds + time)),
        }
    }

    /// Whether every connection lasted and every answer was 2xx.
    pub fn is_clean(&self) -> bool {
        self.failures.is_empty() && self.errors == 0 && self.requests > 0
    }

    /// What counts in a comparison: committed where that was asked for.
    pub fn rate(&self) -> f64 {
        self.committed_per_second
            .unwrap_or(self.requests_per_second)
    }
}

/// A Markdown table of reports named `who/what`. For each `what` with the same connections and
/// requests in flight, rates are also given as multiples of those of `base`.
pub fn table(reports: &[Report], base: &str) -> String {
    let mut text = format!(
        "| run | connections | in flight each | per second | p50 µs | p99 µs | errors | × {base} |\n|---|---|---|---|---|---|---|---|\n"
    );
    for report in reports {
        let ratio = base_of(reports, report, base)
            .filter(|base| base.rate() > 0.0)
            .map_or_else(
                || "–".to_owned(),
                |base| format!("{:.2}", report.rate() / base.rate()),
            );
        text += &format!(
            "| {} | {} | {} | {:.0} | {:.0} | {:.0} | {} | {ratio} |\n",
            report.name,
            report.connections,
            report.pipeline,
            report.rate(),
            report.latency_us.p50,
            report.latency_us.p99,
            report.errors + report.failures.len() as u64,
        );
    }
    text
}

fn base_of<'a>(reports: &'a [Report], report: &Report, base: &str) -> Option<&'a Report> {
    let (_, what) = report.name.split_once('/')?;
    let name = format!("{base}/{what}");
    reports.iter().find(|other| {
        other.name == name
            && other.connections == report.connections
            && other.pipeline == report.pipeline
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(name: &str, connections: usize, rate: f64, committed: Option<f64>) -> Report {
        Report {
            name: name.to_owned(),
            connections,
            pipeline: 1,
            requests: 10,
            errors: 0,
            statuses: BTreeMap::from([(200, 10)]),
            failures: Vec::new(),
            seconds: 1.0,
            requests_per_second: rate,
            latency_us: Latency {
                mean: 1.0,
                p50: 2.0,
                p90: 3.0,
                p99: 4.0,
                p999: 5.0,
                max: 6.0,
            },
            last_transaction: None,
            seconds_to_commit: None,
            committed_per_second: committed,
        }
    }

    #[test]
    fn ratios_are_of_equal_runs_and_of_what_was_committed() {
        let reports = [
            report("etcd/write", 1, 100.0, None),
            report("etcd/write", 64, 1000.0, None),
            report("quorate/write", 64, 9000.0, Some(5000.0)),
            report("quorate/read", 64, 7.0, None),
        ];
        let table = table(&reports, "etcd");
        let rows: Vec<&str> = table.lines().skip(2).collect();
        assert!(rows[0].ends_with("| 1.00 |"), "{table}");
        assert!(
            rows[2].contains("| 5000 |") && rows[2].ends_with("| 5.00 |"),
            "{table}"
        );
        assert!(rows[3].ends_with("| – |"), "{table}");
    }

    #[test]
    fn reports_survive_json() {
        let full = report("a/b", 1, 2.0, Some(1.0));
        let text = serde_json::to_string(&full).unwrap();
        assert_eq!(serde_json::from_str::<Report>(&text).unwrap(), full);
        assert!(text.contains(r#""statuses":{"200":10}"#), "{text}");
    }

    #[test]
    fn a_clean_run_has_answers_and_no_errors() {
        let mut run = report("a", 1, 2.0, None);
        assert!(run.is_clean());
        run.errors = 1;
        assert!(!run.is_clean());
        run = report("a", 1, 2.0, None);
        run.failures.push("x".to_owned());
        assert!(!run.is_clean());
        run = report("a", 1, 2.0, None);
        run.requests = 0;
        assert!(!run.is_clean());
    }
}
