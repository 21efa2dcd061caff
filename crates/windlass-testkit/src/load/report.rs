//! What a load saw.

use std::collections::BTreeMap;
use std::fmt;

/// Failures that are kept with their place in time; all of them are counted.
const KEPT_FAILURES: usize = 100;

/// What a load saw, over all its connections.
#[derive(Debug, Clone, Default)]
pub struct LoadReport {
    /// Requests answered as expected.
    pub answered: u64,
    /// Requests that failed.
    pub failed: u64,
    /// Answers by status.
    pub statuses: BTreeMap<u16, u64>,
    /// How many requests failed for each reason.
    pub reasons: BTreeMap<String, u64>,
    /// The first failures, in order of time.
    pub failures: Vec<Failure>,
    /// Distinct bodies and how many times each came, at most 64 of them.
    pub bodies: BTreeMap<Vec<u8>, u64>,
    /// Longest time without any good answer, in milliseconds.
    pub longest_gap_ms: u64,
    /// How long it ran, in milliseconds.
    pub elapsed_ms: u64,
    /// Median, 99th percentile and longest time to a whole answer, in microseconds.
    pub latency_us: [u64; 3],
    samples: Vec<u32>,
}

/// One failed request.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Failure {
    /// When, in milliseconds since the load began.
    pub at_ms: u64,
    /// Why.
    pub reason: String,
}

impl LoadReport {
    pub(super) fn status(&mut self, status: u16) {
        *self.statuses.entry(status).or_default() += 1;
    }

    pub(super) fn good(&mut self, took_us: u64, body: &[u8]) {
        self.answered += 1;
        self.samples.push(u32::try_from(took_us).unwrap_or(u32::MAX));
        if self.bodies.len() < 64 || self.bodies.contains_key(body) {
            *self.bodies.entry(body.to_vec()).or_default() += 1;
        }
    }

    pub(super) fn bad(&mut self, at_ms: u64, reason: String) {
        self.failed += 1;
        *self.reasons.entry(reason.clone()).or_default() += 1;
        if self.failures.len() < KEPT_FAILURES {
            self.failures.push(Failure { at_ms, reason });
        }
    }

    pub(super) fn add(&mut self, other: Self) {
        self.answered += other.answered;
        self.failed += other.failed;
        for (status, count) in other.statuses {
            *self.statuses.entry(status).or_default() += count;
        }
        for (reason, count) in other.reasons {
            *self.reasons.entry(reason).or_default() += count;
        }
        for (body, count) in other.bodies {
            *self.bodies.entry(body).or_default() += count;
        }
        self.failures.extend(other.failures);
        self.samples.extend(other.samples);
    }

    pub(super) fn finish(&mut self, elapsed_ms: u64, longest_gap_ms: u64) {
        self.elapsed_ms = elapsed_ms;
        self.longest_gap_ms = longest_gap_ms;
        self.failures.sort();
        self.failures.truncate(KEPT_FAILURES);
        self.samples.sort_unstable();
        let at = |permille: usize| {
            let index = (self.samples.len() * permille / 1_000).min(self.samples.len().max(1) - 1);
            self.samples.get(index).map_or(0, |us| u64::from(*us))
        };
        self.latency_us = [at(500), at(990), at(1_000)];
    }
}

impl fmt::Display for LoadReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.elapsed_ms.max(1) as f64 / 1e3;
        let [median, p99, max] = self.latency_us.map(|us| us as f64 / 1e3);
        writeln!(
            f,
            "{} answered, {} failed in {seconds:.1} s ({:.0}/s); longest gap {} ms; \
             median {median:.1}, p99 {p99:.1}, longest {max:.0} ms; statuses {:?}",
            self.answered,
            self.failed,
            self.answered as f64 / seconds,
            self.longest_gap_ms,
            self.statuses,
        )?;
        for (reason, count) in &self.reasons {
            writeln!(f, "  {count} x {reason}")?;
        }
        for failure in self.failures.iter().take(5) {
            writeln!(f, "  at {} ms: {}", failure.at_ms, failure.reason)?;
        }
        Ok(())
    }
}
