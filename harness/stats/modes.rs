//! Whether the samples of one side fall into two modes.
//!
//! A kernel may run in two states: a clock that steps, two placements, a cache that holds or does not. Modes within a
//! process are looked for first, in each process by itself, because processes are shifted against each other; only
//! where no process has two are the processes pooled, for a state that lasts as long as its process.

use serde::{Deserialize, Serialize};

use super::Block;
use super::gap::{GAP, Split, median, split};
use crate::toolchain::Side;

/// Processes whose times differ by less have a shift each and no modes: over few processes a gap of three of their
/// deviations happens by chance, and a clock or a placement that matters moves a time by more.
const LEAST_BETWEEN_PROCESSES: f64 = 0.02;
/// Where one mode lies and what share of the samples it holds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mode {
    /// Median, in microseconds per call.
    pub centre_us: f64,
    pub share: f64,
}

/// Two modes of one side in one lane.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Modes {
    pub fast: Mode,
    pub slow: Mode,
    /// A process keeps its mode from its first sample to its last.
    pub by_process: bool,
    /// Where the modes part in each process, in nanoseconds per call. Not stored: who reads a record has no blocks.
    #[serde(skip)]
    pub(crate) limits_ns: Vec<f64>,
}

/// The two modes of `side`, if its samples have two; three are told as two, split at the widest gap.
///
/// Sorted log times have two modes where the widest gap that leaves at least a tenth and 3 samples on either side is
/// over 3 standard deviations of the wider part, by its median absolute deviation (F. R. Hampel, J. Amer. Statist.
/// Assoc. 69, 1974), so that no outlier hides or makes a mode, and over 3 of the usual process, since a few samples lie
/// close by chance. A process that has one mode counts as of the mode that its samples are nearer to. `resolution_ns` is
/// the clock's step per call: times on a grid have no deviation, and a gap counts from 3 steps on.
pub fn modes(processes: &[Vec<Block>], side: Side, resolution_ns: f64) -> Option<Modes> {
    let samples: Vec<Vec<f64>> = processes
        .iter()
        .map(|blocks| sorted_logs(blocks.iter().flat_map(|block| block.of(side))))
        .collect();
    let floor = |sorted: &[f64]| resolution_ns / median(sorted).exp();
    let splits: Vec<Option<Split>> = samples.iter().map(|sorted| split(sorted)).collect();
    let usual_spread = middle(&splits, |split| split.spread).unwrap_or(0.0);
    let within: Vec<Option<Split>> = splits
        .into_iter()
        .zip(&samples)
        .map(|(split, sorted)| {
            split.filter(|split| split.stands_out(usual_spread.max(floor(sorted))))
        })
        .collect();
    if let Some(usual) = middle(&within, |split| split.limit) {
        let limits = within
            .iter()
            .map(|split| split.map_or(usual, |split| split.limit));
        return told(&samples, limits.collect(), false);
    }

    let centres: Vec<f64> = samples
        .iter()
        .filter(|s| !s.is_empty())
        .map(|s| median(s))
        .collect();
    let pooled = sorted_logs(samples.iter().flatten().map(|log| log.exp()));
    let found = split(&pooled)?;
    let fast = centres
        .iter()
        .filter(|&&centre| centre < found.limit)
        .count();
    let several = fast >= 2 && centres.len() - fast >= 2;
    let least = floor(&pooled).max(LEAST_BETWEEN_PROCESSES / GAP);
    (several && found.stands_out(least))
        .then(|| told(&samples, vec![found.limit; samples.len()], true))?
}

/// Median of a figure over the processes that have it; `None` where none has.
fn middle(splits: &[Option<Split>], figure: impl Fn(&Split) -> f64) -> Option<f64> {
    let mut figures: Vec<f64> = splits.iter().flatten().map(figure).collect();
    figures.sort_by(f64::total_cmp);
    (!figures.is_empty()).then(|| median(&figures))
}

fn told(samples: &[Vec<f64>], limits: Vec<f64>, by_process: bool) -> Option<Modes> {
    let (mut fast, mut slow) = (Vec::new(), Vec::new());
    for (sorted, &limit) in samples.iter().zip(&limits) {
        let (below, above) = sorted.split_at(sorted.partition_point(|&log| log < limit));
        fast.extend_from_slice(below);
        slow.extend_from_slice(above);
    }
    let count = (fast.len() + slow.len()) as f64;
    let mode = |mut logs: Vec<f64>| {
        logs.sort_by(f64::total_cmp);
        (!logs.is_empty()).then(|| Mode {
            centre_us: median(&logs).exp() / 1e3,
            share: logs.len() as f64 / count,
        })
    };
    Some(Modes {
        fast: mode(fast)?,
        slow: mode(slow)?,
        by_process,
        limits_ns: limits.iter().map(|limit| limit.exp()).collect(),
    })
}

fn sorted_logs(ns: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut logs: Vec<f64> = ns.map(f64::ln).collect();
    logs.sort_by(f64::total_cmp);
    logs
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::stats::{
        Order,
        simulation::{normal, student_3},
    };

    /// Processes of ten blocks, both sides alike, whose sample takes `ns(process)`.
    fn processes(mut ns: impl FnMut(usize) -> f64) -> Vec<Vec<Block>> {
        let mut block = |process| Block {
            order: Order::Abba,
            ns: [(); 4].map(|()| ns(process)),
        };
        (0..5)
            .map(|process| (0..10).map(|_| block(process)).collect())
            .collect()
    }

    fn found(processes: &[Vec<Block>]) -> Option<Modes> {
        modes(processes, Side::Baseline, 1.0)
    }

    #[test]
    fn a_time_that_flips_from_block_to_block_has_two_modes() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let flipping = processes(|_| {
            let centre = if rng.random::<f64>() < 0.4 {
                12_300.0
            } else {
                19_400.0
            };
            centre * (1.0 + 0.005 * normal(&mut rng))
        });
        let modes = found(&flipping).expect("two modes were planted");
        assert!(!modes.by_process);
        assert!((modes.fast.centre_us - 12.3).abs() < 0.1, "{modes:?}");
        assert!((modes.slow.centre_us - 19.4).abs() < 0.1, "{modes:?}");
        assert!((modes.fast.share - 0.4).abs() < 0.15, "{modes:?}");
    }

    #[test]
    fn a_process_that_keeps_its_mode_is_seen_beside_the_others() {
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        let kept = processes(|process| {
            let centre = if process < 3 { 1690.0 } else { 2030.0 };
            centre * (1.0 + 0.004 * normal(&mut rng))
        });
        let modes = found(&kept).expect("two modes were planted");
        assert!(modes.by_process);
        assert!(
            (modes.fast.share - 0.6).abs() < 1e-9 && (modes.slow.centre_us - 2.03).abs() < 0.01
        );
    }

    #[test]
    fn one_process_apart_from_the_others_is_a_shift() {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let apart = processes(|process| {
            let centre = if process == 3 { 2100.0 } else { 2000.0 };
            centre * (1.0 + 0.001 * normal(&mut rng))
        });
        assert_eq!(found(&apart), None);
    }

    #[test]
    fn an_outlier_neither_makes_a_mode_nor_hides_one() {
        let mut count = 0;
        let mut outlying = |two_modes: bool| {
            processes(|_| {
                count += 1;
                match count % 16 {
                    7 => 50_000.0,
                    place if two_modes && place % 2 == 1 => 1200.0 + f64::from(place),
                    place => 1000.0 + f64::from(place),
                }
            })
        };
        assert_eq!(found(&outlying(false)), None);
        assert!(found(&outlying(true)).is_some());
    }

    #[test]
    fn steps_of_the_clock_are_no_modes() {
        let mut count = 0;
        let mut on_grid = |step: f64| {
            processes(|_| {
                count += 1;
                2000.0 + step * f64::from(count % 2)
            })
        };
        assert_eq!(modes(&on_grid(5.0), Side::Candidate, 5.0), None);
        assert!(modes(&on_grid(20.0), Side::Candidate, 5.0).is_some());
    }

    #[test]
    fn one_mode_is_taken_for_two_in_one_row_of_a_hundred_at_most() {
        const ROWS: usize = 400;
        let mut rng = ChaCha8Rng::seed_from_u64(4);
        for (name, noise) in [
            ("normal", normal as fn(&mut ChaCha8Rng) -> f64),
            ("heavy tails", student_3),
        ] {
            let mistaken = (0..ROWS)
                .filter(|_| {
                    let shifts = [(); 5].map(|()| 0.003 * normal(&mut rng));
                    let one = processes(|process| {
                        1e4 * (shifts[process] + 0.003 * noise(&mut rng)).exp()
                    });
                    found(&one).is_some()
                })
                .count();
            println!("{name}: {mistaken} of {ROWS}");
            assert!(mistaken * 100 <= ROWS, "{name}: {mistaken} of {ROWS}");
        }
    }

    #[test]
    fn few_samples_have_no_modes() {
        assert_eq!(found(&[]), None);
        assert_eq!(found(&[Vec::new(), Vec::new()]), None);
    }
}
