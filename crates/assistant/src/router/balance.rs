//! Which provider is asked first: the operator's order, or by weight.
//!
//! Weights are kept by smooth weighted round robin: over any run of turns each provider is first as often
//! as its weight says, and evenly spread. Pure.

/// The memory of the round.
#[derive(Debug, Default)]
pub(crate) struct Balance {
    /// Weight and credit of each provider, by its index; empty: in order.
    shares: Vec<Share>,
}

#[derive(Debug, Clone, Copy)]
struct Share {
    weight: i64,
    credit: i64,
}

impl Balance {
    /// One weight per provider; all zero means in order.
    pub(crate) fn by_weight(weights: &[u32]) -> Self {
        if weights.iter().all(|weight| *weight == 0) {
            return Self::default();
        }
        let share = |weight: &u32| Share { weight: i64::from(*weight), credit: 0 };
        Self { shares: weights.iter().map(share).collect() }
    }

    pub(crate) fn is_in_order(&self) -> bool {
        self.shares.is_empty()
    }

    /// The next to be first among those that could be asked; `None`: the order decides.
    pub(crate) fn pick(&mut self, is_usable: impl Fn(usize) -> bool) -> Option<usize> {
        let mut total = 0;
        let mut best: Option<usize> = None;
        for index in 0..self.shares.len() {
            if self.shares[index].weight == 0 || !is_usable(index) {
                continue;
            }
            total += self.shares[index].weight;
            self.shares[index].credit += self.shares[index].weight;
            if best.is_none_or(|best| self.shares[index].credit > self.shares[best].credit) {
                best = Some(index);
            }
        }
        if let Some(best) = best {
            self.shares[best].credit -= total;
        }
        best
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(balance: &mut Balance, turns: usize, is_usable: fn(usize) -> bool) -> Vec<usize> {
        (0..turns).filter_map(|_| balance.pick(is_usable)).collect()
    }

    #[test]
    fn weights_are_kept_exactly_and_spread_evenly() {
        let mut balance = Balance::by_weight(&[5, 1, 1]);
        assert_eq!(run(&mut balance, 7, |_| true), [0, 0, 1, 0, 2, 0, 0]);
    }

    #[test]
    fn the_share_of_a_broken_provider_goes_to_the_others_by_weight() {
        let mut balance = Balance::by_weight(&[2, 1, 9]);
        let first = run(&mut balance, 300, |index| index != 2);
        assert_eq!(first.iter().filter(|index| **index == 0).count(), 200);
        assert_eq!(first.iter().filter(|index| **index == 1).count(), 100);
    }

    #[test]
    fn a_weight_of_zero_is_never_first() {
        let mut balance = Balance::by_weight(&[0, 3]);
        assert!(run(&mut balance, 10, |_| true).iter().all(|index| *index == 1));
    }

    #[test]
    fn without_weights_the_order_decides() {
        assert!(Balance::by_weight(&[]).is_in_order());
        assert_eq!(Balance::by_weight(&[0, 0]).pick(|_| true), None);
    }
}
