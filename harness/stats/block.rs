//! Four samples that cancel drift, and their log ratio.

use serde::{Deserialize, Serialize};

use crate::toolchain::Side;

/// The order of a block's samples: A is the baseline, B the candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Order {
    Abba,
    Baab,
}

impl Order {
    /// Which side each of the four samples is of.
    pub fn sides(self) -> [Side; 4] {
        use Side::{Baseline as A, Candidate as B};
        match self {
            Self::Abba => [A, B, B, A],
            Self::Baab => [B, A, A, B],
        }
    }

    /// The other order.
    pub fn swapped(self) -> Self {
        match self {
            Self::Abba => Self::Baab,
            Self::Baab => Self::Abba,
        }
    }
}

/// Four samples taken one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Block {
    pub order: Order,
    /// Nanoseconds per call, positive, in the order they were taken.
    pub ns: [f64; 4],
}

impl Block {
    /// The baseline's two samples, in nanoseconds per call.
    pub fn baseline_ns(&self) -> [f64; 2] {
        match self.order {
            Order::Abba => self.outer(),
            Order::Baab => self.inner(),
        }
    }

    /// The candidate's two samples, in nanoseconds per call.
    pub fn candidate_ns(&self) -> [f64; 2] {
        match self.order {
            Order::Abba => self.inner(),
            Order::Baab => self.outer(),
        }
    }

    /// The two samples of `side`, in nanoseconds per call.
    pub fn of(&self, side: Side) -> [f64; 2] {
        match side {
            Side::Baseline => self.baseline_ns(),
            Side::Candidate => self.candidate_ns(),
        }
    }

    /// Mean log time of the baseline less that of the candidate: above zero where the candidate is faster.
    ///
    /// Either side's positions add up to the same number, so a drift that is linear in log time cancels.
    pub fn log_ratio(&self) -> f64 {
        mean_ln(self.baseline_ns()) - mean_ln(self.candidate_ns())
    }

    fn outer(&self) -> [f64; 2] {
        [self.ns[0], self.ns[3]]
    }

    fn inner(&self) -> [f64; 2] {
        [self.ns[1], self.ns[2]]
    }
}

/// Mean block log ratio of one process; `None` without a block.
pub fn process_log_ratio(blocks: &[Block]) -> Option<f64> {
    let sum: f64 = blocks.iter().map(Block::log_ratio).sum();
    (!blocks.is_empty()).then(|| sum / blocks.len() as f64)
}

fn mean_ln([first, second]: [f64; 2]) -> f64 {
    f64::midpoint(first.ln(), second.ln())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn order() -> impl Strategy<Value = Order> {
        prop_oneof![Just(Order::Abba), Just(Order::Baab)]
    }

    fn times() -> impl Strategy<Value = [f64; 4]> {
        prop::array::uniform4(100.0..1e7)
    }

    #[test]
    fn a_candidate_of_half_the_time_reads_ln_2_in_either_order() {
        let abba = Block {
            order: Order::Abba,
            ns: [8.0, 4.0, 4.0, 8.0],
        };
        let baab = Block {
            order: Order::Baab,
            ns: [4.0, 8.0, 8.0, 4.0],
        };
        let mean = process_log_ratio(&[abba, baab]).expect("two blocks have a mean");
        assert!((mean - 2f64.ln()).abs() < 1e-12);
    }

    #[test]
    fn a_process_without_blocks_has_no_ratio() {
        assert_eq!(process_log_ratio(&[]), None);
    }

    proptest! {
        #[test]
        fn swapping_sides_inverts_the_speedup(ns in times()) {
            let as_is = Block { order: Order::Abba, ns }.log_ratio();
            let swapped = Block { order: Order::Baab, ns }.log_ratio();
            prop_assert!((as_is + swapped).abs() < 1e-12);
        }

        #[test]
        fn scaling_all_times_keeps_the_speedup(order in order(), ns in times(), scale in 0.01..100.0) {
            let as_is = Block { order, ns }.log_ratio();
            let scaled = Block { order, ns: ns.map(|t| t * scale) }.log_ratio();
            prop_assert!((as_is - scaled).abs() < 1e-9);
        }

        #[test]
        fn drift_linear_in_log_time_cancels(order in order(), speedup in 0.1..10.0f64, step in -0.5..0.5f64) {
            let (baseline, candidate) = (1000.0, 1000.0 / speedup);
            let sides = match order {
                Order::Abba => [baseline, candidate, candidate, baseline],
                Order::Baab => [candidate, baseline, baseline, candidate],
            };
            let mut ns = sides;
            for (position, time) in ns.iter_mut().enumerate() {
                *time *= (step * position as f64).exp();
            }
            let found = Block { order, ns }.log_ratio().exp();
            prop_assert!((found / speedup - 1.0).abs() < 1e-9);
        }
    }
}
