//! How many blocks a process needs: fixed by a pilot's spread, never by its effect.
//!
//! Two stages after C. Stein, "A two-sample test for a linear hypothesis whose power is independent of the
//! variance", Ann. Math. Statist. 16 (1945). Stopping on width cannot favour a side; stopping on significance does.
//! What Stein adds to "enough blocks for this variance" is that a pilot's variance is itself a guess, and the quantile
//! of t at the pilot's degrees of freedom pays for it. The interval of a row does not use the pilot's variance, as
//! Stein's test would: it is over processes, whose spread holds what is left of the blocks'.

use std::ops::RangeInclusive;

use statrs::distribution::{ContinuousCDF, Normal, StudentsT};

use super::Block;

/// Share of the margin that the standard error within a process may reach. Below half of the spread between
/// processes more blocks buy little, and that spread is about half of this at a margin of 1 %.
const SHARE_OF_MARGIN: f64 = 0.25;
/// Confidence at which the interval within a process is held to its width.
const CONFIDENCE: f64 = 0.95;

/// Blocks per process for which the 95 % interval of a process's mean, by t at the pilot's degrees of freedom, is no
/// wider than that of a known standard error of a quarter of `margin` (0.01 is 1 %).
///
/// Rounded up to an even number, so that ABBA and BAAB balance, then held within `bounds`. `None` for a pilot of
/// fewer than two blocks.
pub fn blocks_per_process(
    pilot: &[Block],
    margin: f64,
    bounds: RangeInclusive<usize>,
) -> Option<usize> {
    if pilot.len() < 2 {
        return None;
    }
    let count = pilot.len() as f64;
    let mean = pilot.iter().map(Block::log_ratio).sum::<f64>() / count;
    let variance = pilot
        .iter()
        .map(|block| (block.log_ratio() - mean).powi(2))
        .sum::<f64>()
        / (count - 1.0);
    let target = margin.ln_1p() * SHARE_OF_MARGIN;
    let needed = variance * (price_of_a_guess(count - 1.0) / target).powi(2);
    // A float beyond usize saturates, and the clamp below brings it back.
    let even = (needed.ceil() as usize)
        .checked_next_multiple_of(2)
        .unwrap_or(usize::MAX);
    Some(even.clamp(*bounds.start(), *bounds.end()))
}

/// How much wider an interval is for a deviation that was estimated with `degrees` of freedom than for a known one.
fn price_of_a_guess(degrees: f64) -> f64 {
    let upper = f64::midpoint(1.0, CONFIDENCE);
    let t = StudentsT::new(0.0, 1.0, degrees)
        .expect("one degree of freedom or more makes a t distribution");
    t.inverse_cdf(upper) / Normal::standard().inverse_cdf(upper)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::stats::{Order, simulation::normal};

    /// Eight blocks whose log ratios alternate around zero with this standard deviation.
    fn pilot(deviation: f64) -> Vec<Block> {
        let step = deviation * (7.0f64 / 8.0).sqrt();
        let block = |log: f64| Block {
            order: Order::Abba,
            ns: [1000.0 * log.exp(), 1000.0, 1000.0, 1000.0 * log.exp()],
        };
        (0..8)
            .map(|index| block(if index % 2 == 0 { step } else { -step }))
            .collect()
    }

    #[test]
    fn a_spread_of_one_margin_takes_sixteen_blocks_and_the_price_of_the_guess() {
        // 16 (2.365 / 1.960)^2 = 23.3.
        let margin: f64 = 0.01;
        assert_eq!(
            blocks_per_process(&pilot(0.9999 * margin.ln_1p()), margin, 2..=100),
            Some(24)
        );
    }

    #[test]
    fn the_count_is_even_and_within_bounds() {
        assert_eq!(
            blocks_per_process(&pilot(0.5 * 0.01), 0.01, 2..=100),
            Some(6)
        );
        assert_eq!(blocks_per_process(&pilot(0.0), 0.01, 8..=100), Some(8));
        assert_eq!(blocks_per_process(&pilot(5.0), 1e-9, 8..=64), Some(64));
    }

    #[test]
    fn one_block_is_no_pilot() {
        assert_eq!(blocks_per_process(&pilot(0.1)[..1], 0.01, 2..=100), None);
    }

    #[test]
    fn the_width_that_was_asked_for_is_held_nineteen_times_in_twenty() {
        // Stein's theorem: |mean - truth| <= t s / sqrt(m) <= 1.96 target, with chance 95 % whatever the deviation.
        const SESSIONS: usize = 4000;
        let (margin, deviation) = (0.01, 0.015);
        let reach = 1.96 * SHARE_OF_MARGIN * f64::ln_1p(margin);
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let mut held = 0;
        for _ in 0..SESSIONS {
            let logs: Vec<f64> = (0..8).map(|_| deviation * normal(&mut rng)).collect();
            let blocks: Vec<Block> = logs.iter().map(|&log| block(log)).collect();
            let needed = blocks_per_process(&blocks, margin, 8..=100_000).expect("a pilot");
            let rest = (8..needed)
                .map(|_| deviation * normal(&mut rng))
                .sum::<f64>();
            let mean = (logs.iter().sum::<f64>() + rest) / needed as f64;
            held += usize::from(mean.abs() <= reach);
        }
        let share = held as f64 / SESSIONS as f64;
        assert!((0.94..=0.975).contains(&share), "{share}");
    }

    fn block(log_ratio: f64) -> Block {
        let slower = 1000.0 * log_ratio.exp();
        Block {
            order: Order::Abba,
            ns: [slower, 1000.0, 1000.0, slower],
        }
    }

    proptest! {
        #[test]
        fn the_effect_is_not_looked_at(seed: u64, effect in -2.0..2.0f64, scale in 0.1..10.0f64) {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let deviation = 0.02 * rng.random::<f64>();
            let logs: Vec<f64> = (0..8).map(|_| deviation * normal(&mut rng)).collect();
            let count = |blocks: &[Block]| blocks_per_process(blocks, 0.01, 2..=1000);
            let as_is: Vec<Block> = logs.iter().map(|&log| block(log)).collect();
            let expected = count(&as_is);

            let swapped: Vec<Block> = as_is.iter().map(|b| Block { order: b.order.swapped(), ..*b }).collect();
            prop_assert_eq!(count(&swapped), expected);
            let scaled: Vec<Block> = as_is.iter().map(|b| Block { ns: b.ns.map(|ns| ns * scale), ..*b }).collect();
            prop_assert_eq!(count(&scaled), expected);
            let faster: Vec<Block> = logs.iter().map(|&log| block(log + effect)).collect();
            prop_assert_eq!(count(&faster), expected);
        }
    }
}
