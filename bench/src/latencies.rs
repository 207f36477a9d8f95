//! How long each request took, and what is said about all of them.

use std::time::Duration;

/// Every measured time, kept whole: a minute at 20,000 requests a second is 10 MB.
#[derive(Debug, Default)]
pub struct Latencies(Vec<u64>);

impl Latencies {
    /// Adds one.
    pub fn add(&mut self, taken: Duration) {
        self.0.push(u64::try_from(taken.as_nanos()).unwrap_or(u64::MAX));
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// The times at these shares, each from 0 to 1, in milliseconds; the nearest rank, so that every one of
    /// them was really measured. Zero where nothing was.
    pub fn at<const N: usize>(&mut self, shares: [f64; N]) -> [f64; N] {
        self.0.sort_unstable();
        shares.map(|share| {
            let rank = nearest_rank(self.0.len(), share);
            self.0.get(rank).map_or(0.0, |nanoseconds| *nanoseconds as f64 / 1e6)
        })
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to the index range first"
)]
fn nearest_rank(count: usize, share: f64) -> usize {
    let last = count.saturating_sub(1);
    let rank = (count as f64 * share).ceil().clamp(1.0, count.max(1) as f64) as usize;
    (rank - 1).min(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_times_that_were_measured() {
        let mut latencies = Latencies::default();
        for milliseconds in (1..=100).rev() {
            latencies.add(Duration::from_millis(milliseconds));
        }
        let expected = [1.0, 50.0, 95.0, 99.0, 100.0];
        let found = latencies.at([0.0, 0.5, 0.95, 0.99, 1.0]);
        assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-9), "{found:?}");
        assert_eq!(latencies.count(), 100);
    }

    #[test]
    fn nothing_measured_is_zero() {
        assert!(Latencies::default().at([0.5])[0] < f64::EPSILON);
    }
}
