//! Whether a row's word stands in each mode alone.
//!
//! Where a side has two modes, a mean over both is of a mixture that the next run mixes otherwise. So the row is
//! estimated anew from the blocks of each mode of each side, and its word stands only if all of them give it.
//!
//! - A block is of a mode where both samples of that side lie in it; blocks that straddle count in neither.
//! - A process is of a mode with at least one block of either order there; each order weighs the same, as in a whole
//!   schedule, so that what a slot costs still cancels.
//! - A mode of fewer than two processes says nothing by itself, and the row is inconclusive.
//! - The deviation between processes is pooled over the two modes, each around its own mean, since a state that lasts
//!   as long as its process leaves two or three processes a mode. Its degrees of freedom are those of the pool, but no
//!   more than all processes have: one process in both modes is not two. Where both sides share the state, this tests
//!   whether the ratio is the same word in either, however far the modes lie apart in time.
//! - The level is that of a row alone. All modes must pass, which needs no correction (R. L. Berger, Technometrics 24,
//!   1982), and Holm was paid by the row's first word.

use super::verdict::verdict_alone;
use super::{Block, Estimate, Modes, Order};
use crate::ledger::Verdict;
use crate::toolchain::Side;

/// What is left of `verdict` when each of the modes that were found has to give it: the same word, *faster* for a
/// *material* that one mode gives as *faster*, or *inconclusive*.
///
/// `modes` are those of each side that has two.
pub fn standing_verdict(
    verdict: Verdict,
    processes: &[Vec<Block>],
    modes: &[(Side, &Modes)],
    margin: f64,
    confidence: f64,
) -> Verdict {
    modes.iter().fold(verdict, |standing, (side, modes)| {
        let estimates = estimates_by_mode(processes, *side, modes);
        estimates.into_iter().fold(standing, |standing, estimate| {
            estimate.map_or(Verdict::Inconclusive, |estimate| {
                weaker(standing, estimate, margin, confidence)
            })
        })
    })
}

/// `word` as far as `estimate` supports it.
fn weaker(word: Verdict, estimate: Estimate, margin: f64, confidence: f64) -> Verdict {
    let alone = verdict_alone(estimate, margin, confidence);
    let stands = match word {
        Verdict::Material | Verdict::Faster => {
            if alone == Verdict::Faster {
                return Verdict::Faster;
            }
            alone == Verdict::Material
        }
        Verdict::Slower => alone == Verdict::Slower,
        // A mode may be sure of a difference, as long as it is sure to be within the margin.
        Verdict::Equal => estimate.p_beyond(margin.ln_1p()) < 1.0 - confidence,
        Verdict::Inconclusive => false,
    };
    if stands { word } else { Verdict::Inconclusive }
}

/// The row by the fast and by the slow blocks of `side`; `None` where too few processes have some.
fn estimates_by_mode(processes: &[Vec<Block>], side: Side, modes: &Modes) -> [Option<Estimate>; 2] {
    let ratios = [true, false].map(|fast| {
        let in_mode =
            |block: &&Block, limit: f64| block.of(side).iter().all(|&ns| (ns < limit) == fast);
        processes
            .iter()
            .zip(&modes.limits_ns)
            .filter_map(|(blocks, &limit)| {
                balanced_log_ratio(blocks.iter().filter(|block| in_mode(block, limit)))
            })
            .collect::<Vec<f64>>()
    });
    let squares: f64 = ratios.iter().map(|ratios| sum_of_squares(ratios)).sum();
    let pooled: usize = ratios
        .iter()
        .map(|ratios| ratios.len().saturating_sub(1))
        .sum();
    ratios.map(|ratios| {
        (ratios.len() >= 2).then(|| Estimate {
            log_speedup: mean(&ratios),
            std_error: (squares / pooled as f64 / ratios.len() as f64).sqrt(),
            // Of an estimate the count of processes is its degrees of freedom and one.
            processes: pooled.min(processes.len() - 1) + 1,
        })
    })
}

/// Mean of the means of either order; `None` without a block of each.
fn balanced_log_ratio<'a>(blocks: impl Iterator<Item = &'a Block>) -> Option<f64> {
    let (abba, baab): (Vec<&Block>, Vec<&Block>) =
        blocks.partition(|block| block.order == Order::Abba);
    let of_order = |blocks: Vec<&Block>| {
        let logs: Vec<f64> = blocks.into_iter().map(Block::log_ratio).collect();
        (!logs.is_empty()).then(|| mean(&logs))
    };
    Some(f64::midpoint(of_order(abba)?, of_order(baab)?))
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn sum_of_squares(values: &[f64]) -> f64 {
    let mean = mean(values);
    values.iter().map(|value| (value - mean).powi(2)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::modes;

    /// Five processes of eight blocks: the baseline takes `times(process, block)[0]`, the candidate `[1]`, and each
    /// process has a shift of its own.
    fn processes(times: impl Fn(usize, usize) -> [f64; 2]) -> Vec<Vec<Block>> {
        let block = |process: usize, block: usize| {
            let order = [Order::Abba, Order::Baab][block % 2];
            let [baseline, mut candidate] = times(process, block);
            candidate *= 1.0 + 4e-4 * (process as f64 - 2.0) + 1e-5 * (block as f64);
            let ns = order.sides().map(|side| match side {
                Side::Baseline => baseline,
                Side::Candidate => candidate,
            });
            Block { order, ns }
        };
        (0..5)
            .map(|process| (0..8).map(|number| block(process, number)).collect())
            .collect()
    }

    fn standing(verdict: Verdict, processes: &[Vec<Block>]) -> Verdict {
        let found = Side::BOTH.map(|side| (side, modes(processes, side, 1.0)));
        let found: Vec<(Side, &Modes)> = found
            .iter()
            .filter_map(|(side, modes)| Some((*side, modes.as_ref()?)))
            .collect();
        assert!(!found.is_empty(), "modes were planted");
        standing_verdict(verdict, processes, &found, 0.01, 0.95)
    }

    #[test]
    fn a_state_that_both_sides_share_for_a_process_leaves_the_word() {
        let shared = |ratio: f64| {
            processes(move |process, _| {
                let baseline = if process < 3 { 1690.0 } else { 2030.0 };
                [baseline, baseline / ratio]
            })
        };
        assert_eq!(
            standing(Verdict::Material, &shared(1.05)),
            Verdict::Material
        );
        assert_eq!(standing(Verdict::Equal, &shared(1.0)), Verdict::Equal);
        assert_eq!(standing(Verdict::Slower, &shared(0.97)), Verdict::Slower);
    }

    #[test]
    fn a_baseline_that_is_beaten_in_its_slow_mode_alone_is_not_beaten() {
        let bimodal = processes(|_, block| {
            let baseline = if block / 2 % 2 == 0 {
                12_300.0
            } else {
                19_400.0
            };
            [baseline, 12_400.0]
        });
        assert_eq!(standing(Verdict::Material, &bimodal), Verdict::Inconclusive);
    }

    #[test]
    fn a_baseline_that_is_beaten_in_both_modes_is_beaten_by_the_lesser_word() {
        let beaten_by = |fast: f64| {
            processes(move |_, block| {
                let baseline = if block / 2 % 2 == 0 {
                    12_000.0 * fast
                } else {
                    19_400.0
                };
                [baseline, 12_000.0]
            })
        };
        assert_eq!(
            standing(Verdict::Material, &beaten_by(1.03)),
            Verdict::Material
        );
        assert_eq!(
            standing(Verdict::Material, &beaten_by(1.006)),
            Verdict::Faster
        );
    }

    #[test]
    fn a_mode_of_one_process_leaves_the_row_inconclusive() {
        let one = processes(|process, block| {
            let slow = process == 4 && block >= 4;
            let baseline = if slow { 2400.0 } else { 2000.0 };
            [baseline, baseline / 1.1]
        });
        assert_eq!(standing(Verdict::Material, &one), Verdict::Inconclusive);
    }

    #[test]
    fn blocks_that_straddle_the_modes_count_in_neither() {
        let blocks = [Order::Abba, Order::Baab].map(|order| Block {
            order,
            ns: [1000.0, 1000.0, 2000.0, 2000.0],
        });
        let modes = Modes {
            fast: crate::stats::Mode {
                centre_us: 1.0,
                share: 0.5,
            },
            slow: crate::stats::Mode {
                centre_us: 2.0,
                share: 0.5,
            },
            by_process: false,
            limits_ns: vec![1500.0; 2],
        };
        let found = estimates_by_mode(&[blocks.to_vec(), blocks.to_vec()], Side::Baseline, &modes);
        assert_eq!(found, [None, None]);
    }
}
