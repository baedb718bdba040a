//! A second opinion that no single block can carry away.
//!
//! The mean of block log ratios is the estimate; one sample of ten times the usual moves it. The Hodges-Lehmann
//! estimate of the same blocks is hardly moved, so where the two contradict each other a few blocks made the verdict.

use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, Normal};

use super::{Block, Estimate};
use crate::ledger::SpeedupInterval;

/// Up to so many values the null distribution is exact; above, the normal one is within 0.1 % of it in probability.
const MAX_EXACT: usize = 50;

/// A log ratio with its distribution-free interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct HodgesLehmann {
    pub log_ratio: f64,
    pub low: f64,
    pub high: f64,
}

/// Median of the Walsh averages (means of all pairs, each value with itself too) of one process's block log ratios,
/// with the interval that the Wilcoxon signed-rank test does not refuse at `confidence` or a little more.
///
/// J. L. Hodges and E. L. Lehmann, Ann. Math. Statist. 34 (1963); the interval is J. W. Tukey's (M. Hollander and D. A.
/// Wolfe, Nonparametric Statistical Methods, 1973, section 3.3). It supposes that blocks scatter symmetrically and
/// independently around one centre, and says nothing about other processes. `None` where so few values admit no
/// interval at `confidence`: below 6 at 0.95.
pub fn hodges_lehmann(log_ratios: &[f64], confidence: f64) -> Option<HodgesLehmann> {
    let cut = signed_rank_cut(log_ratios.len(), (1.0 - confidence) / 2.0)?;
    let mut averages = walsh_averages(log_ratios);
    averages.sort_by(f64::total_cmp);
    Some(HodgesLehmann {
        log_ratio: middle(&averages),
        low: averages[cut],
        high: averages[averages.len() - 1 - cut],
    })
}

/// What the blocks say when no block weighs much.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SecondOpinion {
    /// Hodges-Lehmann speedup of each process, in process order.
    pub per_process: Vec<f64>,
    pub ratio: SpeedupInterval,
    /// The two opinions point to different sides of 1, and one of them excludes 1.
    pub disagrees: bool,
}

/// The Hodges-Lehmann estimate of every process, and a t interval at `confidence` over their mean; `None` below two
/// processes, or where one has no block.
///
/// Over processes the mean and t again: the median of five has no 95 % interval without a distribution (five signs agree
/// by chance in 6 % of runs), and where only the estimate within a process differs from the first opinion, a
/// disagreement can come from blocks alone. Signs that differ while neither interval excludes 1 are noise; one opinion
/// that excludes 1 while the other lies beyond it is a contradiction, whether or not the other is as sure.
pub fn second_opinion(processes: &[Vec<Block>], confidence: f64) -> Option<SecondOpinion> {
    let log_ratios: Vec<Vec<f64>> = processes
        .iter()
        .map(|blocks| blocks.iter().map(Block::log_ratio).collect())
        .collect();
    let robust: Vec<f64> = log_ratios
        .iter()
        .map(|logs| centre(logs))
        .collect::<Option<_>>()?;
    let means: Vec<f64> = log_ratios
        .iter()
        .map(|logs| logs.iter().sum::<f64>() / logs.len() as f64)
        .collect();
    let second = Estimate::over_processes(&robust)?;
    let first = Estimate::over_processes(&means)?;
    let excludes_one =
        |opinion: &Estimate| opinion.log_speedup.abs() > opinion.half_width(confidence);
    Some(SecondOpinion {
        per_process: robust.iter().map(|log| log.exp()).collect(),
        ratio: second.interval(confidence),
        disagrees: first.log_speedup * second.log_speedup < 0.0
            && (excludes_one(&first) || excludes_one(&second)),
    })
}

/// The Hodges-Lehmann estimate without its interval, by selection; `None` without a value.
fn centre(values: &[f64]) -> Option<f64> {
    let mut averages = walsh_averages(values);
    let half = averages.len() / 2;
    if averages.is_empty() {
        return None;
    }
    let even = averages.len().is_multiple_of(2);
    let (below, &mut upper, _) = averages.select_nth_unstable_by(half, f64::total_cmp);
    let lower = below.iter().copied().max_by(f64::total_cmp);
    Some(
        lower
            .filter(|_| even)
            .map_or(upper, |lower| f64::midpoint(lower, upper)),
    )
}

fn walsh_averages(values: &[f64]) -> Vec<f64> {
    let with_later = |(place, &value): (usize, &f64)| {
        values[place..]
            .iter()
            .map(move |&later| f64::midpoint(value, later))
    };
    values.iter().enumerate().flat_map(with_later).collect()
}

/// `sorted` is not empty.
fn middle(sorted: &[f64]) -> f64 {
    f64::midpoint(sorted[(sorted.len() - 1) / 2], sorted[sorted.len() / 2])
}

/// Walsh averages to leave out at either end: the most for which the chance that the signed-rank sum of `count` values
/// lies below that number is at most `tail`. `None` where even the outermost averages promise too much.
fn signed_rank_cut(count: usize, tail: f64) -> Option<usize> {
    let below = if count <= MAX_EXACT {
        let mut chance = 0.0;
        signed_rank_chances(count)
            .iter()
            .take_while(|&&next| {
                chance += next;
                chance <= tail
            })
            .count()
    } else {
        let n = count as f64;
        let mean = n * (n + 1.0) / 4.0;
        let deviation = (n * (n + 1.0) * (2.0 * n + 1.0) / 24.0).sqrt();
        // The continuity correction: the sum k of the discrete distribution reaches up to k + 1/2.
        let last = mean + Normal::standard().inverse_cdf(tail) * deviation - 0.5;
        (last.floor() + 1.0).max(0.0) as usize
    };
    below.checked_sub(1)
}

/// Chance of each signed-rank sum of `count` values under the null hypothesis: subsets of 1 to `count` by their sum.
fn signed_rank_chances(count: usize) -> Vec<f64> {
    let mut chances = vec![0.0; count * (count + 1) / 2 + 1];
    chances[0] = 1.0;
    for rank in 1..=count {
        for sum in (0..chances.len()).rev() {
            let with = if sum >= rank {
                chances[sum - rank]
            } else {
                0.0
            };
            chances[sum] = f64::midpoint(chances[sum], with);
        }
    }
    chances
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::stats::Order;

    #[test]
    fn the_cuts_are_those_of_the_tables() {
        // Largest sums of the lower 2.5 % tail, Hollander and Wolfe, table A.4: 0, 3, 8, 25, 52, 137 and, at 50, 434.
        for (count, largest) in [
            (6, 0),
            (8, 3),
            (10, 8),
            (15, 25),
            (20, 52),
            (30, 137),
            (50, 434),
        ] {
            assert_eq!(
                signed_rank_cut(count, 0.025),
                Some(largest),
                "{count} values"
            );
        }
        assert_eq!(signed_rank_cut(5, 0.025), None);
        assert_eq!(signed_rank_cut(0, 0.025), None);
    }

    #[test]
    fn the_normal_approximation_goes_on_where_the_exact_distribution_ends() {
        for count in [51, 60, 100] {
            let mut chance = 0.0;
            let exact = signed_rank_chances(count)
                .iter()
                .take_while(|&&next| {
                    chance += next;
                    chance <= 0.025
                })
                .count();
            let found = signed_rank_cut(count, 0.025).expect("so many values have an interval");
            assert!(
                found.abs_diff(exact - 1) <= 1,
                "{count}: {found}, not {}",
                exact - 1
            );
        }
    }

    #[test]
    fn six_values_by_hand() {
        // Walsh averages of 1, 2, 4, 8, 16, 32: 21 of them, the 11th is 8.5.
        let found =
            hodges_lehmann(&[4.0, 1.0, 32.0, 2.0, 16.0, 8.0], 0.95).expect("six are enough");
        assert_eq!((found.log_ratio, found.low, found.high), (8.5, 1.0, 32.0));
        assert_eq!(hodges_lehmann(&[1.0; 5], 0.95), None);
    }

    fn process(log_ratios: &[f64]) -> Vec<Block> {
        let block = |log: &f64| Block {
            order: Order::Abba,
            ns: [1000.0 * log.exp(), 1000.0, 1000.0, 1000.0 * log.exp()],
        };
        log_ratios.iter().map(block).collect()
    }

    #[test]
    fn one_block_that_carries_the_mean_away_is_contradicted() {
        let with_outlier = |small: f64| {
            let mut logs = vec![-0.01 + small; 9];
            logs.push(1.0);
            process(&logs)
        };
        let processes: Vec<_> = [0.0, 1e-4, -1e-4, 2e-4, 0.0].map(with_outlier).into();
        let found = second_opinion(&processes, 0.95).expect("five processes have an interval");
        assert!(found.disagrees && found.ratio.high < 1.0, "{found:?}");
    }

    #[test]
    fn signs_that_differ_within_the_noise_are_no_contradiction() {
        let logs = [-0.01, 0.01, 0.001, -0.011, 0.008, 0.0005, 0.0];
        let shifted = |by: f64| process(&logs.map(|log| log + by));
        let found = second_opinion(&[shifted(-0.002), shifted(0.002), shifted(0.0)], 0.95)
            .expect("three processes have an interval");
        assert!(!found.disagrees);
        assert_eq!(second_opinion(&[shifted(0.0)], 0.95), None);
        assert_eq!(second_opinion(&[shifted(0.0), Vec::new()], 0.95), None);
    }

    proptest! {
        #[test]
        fn the_interval_holds_the_estimate_and_swapping_sides_mirrors_both(
            logs in prop::collection::vec(-1.0..1.0f64, 6..40),
        ) {
            let swapped: Vec<f64> = logs.iter().map(|log| -log).collect();
            let one = hodges_lehmann(&logs, 0.95).expect("six or more");
            let other = hodges_lehmann(&swapped, 0.95).expect("six or more");
            prop_assert!(one.low <= one.log_ratio && one.log_ratio <= one.high);
            prop_assert!((one.log_ratio + other.log_ratio).abs() < 1e-12);
            prop_assert!((one.low + other.high).abs() < 1e-12);
            prop_assert_eq!(centre(&logs), Some(one.log_ratio));
        }
    }
}
