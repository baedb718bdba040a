//! How many blocks a process needs: fixed by a pilot's spread, never by its effect.
//!
//! Two stages after C. Stein, "A two-sample test for a linear hypothesis whose power is independent of the
//! variance", Ann. Math. Statist. 16 (1945). Stopping on width cannot favour a side; stopping on significance does.

use std::ops::RangeInclusive;

use super::Block;

/// Share of the margin that the standard error within a process may reach. Below half of the spread between
/// processes more blocks buy little, and that spread is about half of this at a margin of 1 %.
const SHARE_OF_MARGIN: f64 = 0.25;

/// Blocks per process for which the standard error of a process's mean is a quarter of `margin` (0.01 is 1 %).
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
    let needed = variance / (margin.ln_1p() * SHARE_OF_MARGIN).powi(2);
    // A float beyond usize saturates, and the clamp below brings it back.
    let even = (needed.ceil() as usize)
        .checked_next_multiple_of(2)
        .unwrap_or(usize::MAX);
    Some(even.clamp(*bounds.start(), *bounds.end()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::Order;

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
    fn a_spread_of_one_margin_takes_sixteen_blocks() {
        let margin: f64 = 0.01;
        assert_eq!(
            blocks_per_process(&pilot(0.9999 * margin.ln_1p()), margin, 2..=100),
            Some(16)
        );
    }

    #[test]
    fn the_count_is_even_and_within_bounds() {
        assert_eq!(
            blocks_per_process(&pilot(0.6 * 0.01), 0.01, 2..=100),
            Some(6)
        );
        assert_eq!(blocks_per_process(&pilot(0.0), 0.01, 8..=100), Some(8));
        assert_eq!(blocks_per_process(&pilot(5.0), 1e-9, 8..=64), Some(64));
    }

    #[test]
    fn one_block_is_no_pilot() {
        assert_eq!(blocks_per_process(&pilot(0.1)[..1], 0.01, 2..=100), None);
    }
}
