//! Latencies in buckets that are about 1.6 % wide, whatever the latency.

/// Counts of values by size.
#[derive(Clone, Debug)]
pub struct Histogram {
    counts: Vec<u64>,
    total: u64,
    sum: u128,
    max: u64,
}

/// Below `2 * HALF` each value has a bucket of its own; above, each doubling has `HALF` buckets.
const HALF: u64 = 64;
const BUCKETS: usize = (HALF as usize) * 60;

impl Default for Histogram {
    fn default() -> Self {
        Self {
            counts: vec![0; BUCKETS],
            total: 0,
            sum: 0,
            max: 0,
        }
    }
}

impl Histogram {
    /// Counts a value.
    pub fn record(&mut self, value: u64) {
        if let Some(count) = self.counts.get_mut(bucket(value)) {
            *count += 1;
        }
        self.total += 1;
        self.sum += u128::from(value);
        self.max = self.max.max(value);
    }

    /// Adds all values of another one.
    pub fn add(&mut self, other: &Self) {
        for (own, other) in self.counts.iter_mut().zip(&other.counts) {
            *own += other;
        }
        self.total += other.total;
        self.sum += other.sum;
        self.max = self.max.max(other.max);
    }

    /// Number of values.
    pub fn len(&self) -> u64 {
        self.total
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.total == 0
    }

    /// The largest value.
    pub fn max(&self) -> u64 {
        self.max
    }

    /// The mean, 0 without values.
    pub fn mean(&self) -> f64 {
        if self.total == 0 {
            0.0
        } else {
            self.sum as f64 / self.total as f64
        }
    }

    /// A value that this share of all values does not exceed, rounded up to its bucket's end.
    pub fn quantile(&self, share: f64) -> u64 {
        let wanted = (share * self.total as f64).ceil() as u64;
        let mut seen = 0;
        for (index, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= wanted && seen > 0 {
                return last(index).min(self.max);
            }
        }
        self.max
    }
}

fn bucket(value: u64) -> usize {
    let doublings = (value / HALF).checked_ilog2().unwrap_or(0);
    // Within HALF..2*HALF, or small.
    let place = value >> doublings;
    usize::try_from(u64::from(doublings) * HALF + place).unwrap_or(usize::MAX)
}

/// The largest value of a bucket.
fn last(index: usize) -> u64 {
    let index = index as u64;
    if index < 2 * HALF {
        return index;
    }
    let doublings = index / HALF - 1;
    let place = index % HALF + HALF;
    // Cannot overflow: buckets end with those of u64::MAX.
    (place << doublings) | ((1 << doublings) - 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn quantiles_of_small_values_are_exact() {
        let mut histogram = Histogram::default();
        for value in 1..=100 {
            histogram.record(value);
        }
        assert_eq!(histogram.quantile(0.5), 50);
        assert_eq!(histogram.quantile(0.99), 99);
        assert_eq!(histogram.quantile(1.0), 100);
        assert_eq!((histogram.len(), histogram.max()), (100, 100));
        assert!((histogram.mean() - 50.5).abs() < 1e-9);
    }

    #[test]
    fn without_values_all_is_zero() {
        let empty = Histogram::default();
        assert!(empty.is_empty());
        assert_eq!((empty.quantile(0.5), empty.max()), (0, 0));
        assert!(empty.mean().abs() < 1e-9);
    }

    #[test]
    fn the_largest_value_has_a_bucket() {
        assert!(bucket(u64::MAX) < BUCKETS);
        assert_eq!(last(bucket(u64::MAX)), u64::MAX);
    }

    proptest! {
        #[test]
        fn a_bucket_holds_its_value_and_is_narrow(value in any::<u64>()) {
            let index = bucket(value);
            let end = last(index);
            prop_assert!(value <= end);
            prop_assert!(end - value <= value / HALF);
            prop_assert!(index == 0 || last(index - 1) < value);
        }
    }
}
