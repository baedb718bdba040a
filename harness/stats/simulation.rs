//! A simulated device, and how often the whole pipeline of a row is right on it.
//!
//! A row goes the way that it goes in a session: the drawn schedule, a pilot, Stein's second stage, block log ratios,
//! the mean of each process, a t interval over processes, Holm over rows. `cargo test --lib simulation -- --nocapture`
//! prints the table of docs/measurement.md.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::{Block, Estimate, blocks_per_process, process_log_ratio, verdicts};
use crate::ledger::Verdict;
use crate::timing::orders;
use crate::toolchain::Side;

const PROCESSES: usize = 5;
const PILOT: u32 = 8;
const MAX_BLOCKS: usize = 32;
const MARGIN: f64 = 0.01;

/// What a simulated device does to the times of its samples, in log time unless said otherwise. Both sides suffer alike.
#[derive(Clone, Copy)]
struct Device {
    /// Baseline time / candidate time, the truth.
    speedup: f64,
    /// Standard deviation of a sample.
    noise: f64,
    /// Noise of Student's t with 3 degrees of freedom, scaled to the same standard deviation.
    heavy_tails: bool,
    /// Share of samples that take ten times as long.
    outliers: f64,
    /// Change over a process of the most blocks: linear in time, and growing with its square.
    drift: [f64; 2],
    /// Cost of being the second of two neighbours, and of following the other side.
    slot: [f64; 2],
    /// Standard deviation between processes of the log speedup.
    process_effect: f64,
    /// Chance at each sample that the clock changes between its two states, and their distance.
    flips: [f64; 2],
}

const QUIET: Device = Device {
    speedup: 1.03,
    noise: 0.005,
    heavy_tails: false,
    outliers: 0.0,
    drift: [0.0; 2],
    slot: [0.0; 2],
    process_effect: 0.003,
    flips: [0.0; 2],
};

impl Device {
    fn process(&self, rng: &mut ChaCha8Rng) -> Vec<Block> {
        let seed = rng.random();
        let mut state = State {
            effect: self.process_effect * normal(rng),
            clock: rng.random::<bool>(),
            sample: 0,
            before: None,
        };
        let pilot = orders(PILOT, seed);
        let mut blocks: Vec<Block> = pilot
            .iter()
            .map(|&order| self.block(order, &mut state, rng))
            .collect();
        let needed = blocks_per_process(&blocks, MARGIN, PILOT as usize + 2..=MAX_BLOCKS)
            .expect("a pilot of eight blocks has a spread");
        let rest = orders(needed as u32 - PILOT, !seed);
        blocks.extend(rest.iter().map(|&order| self.block(order, &mut state, rng)));
        blocks
    }

    fn block(&self, order: super::Order, state: &mut State, rng: &mut ChaCha8Rng) -> Block {
        let mut ns = [0.0; 4];
        for ((position, side), ns) in order.sides().into_iter().enumerate().zip(&mut ns) {
            *ns = 1e4 * self.log_time(side, position, state, rng).exp();
        }
        Block { order, ns }
    }

    fn log_time(
        &self,
        side: Side,
        position: usize,
        state: &mut State,
        rng: &mut ChaCha8Rng,
    ) -> f64 {
        let noise = if self.heavy_tails {
            student_3(rng) / 3f64.sqrt()
        } else {
            normal(rng)
        };
        let mut log = self.noise * noise;
        if side == Side::Candidate {
            log -= self.speedup.ln() + state.effect;
        }
        let time = f64::from(state.sample) / (4 * MAX_BLOCKS) as f64;
        log += self.drift[0] * time + self.drift[1] * time * time;
        if position % 2 == 1 {
            log += self.slot[0];
        }
        if state.before.is_some_and(|before| before != side) {
            log += self.slot[1];
        }
        if self.flips[0] > 0.0 {
            state.clock ^= rng.random::<f64>() < self.flips[0];
            log += self.flips[1] * f64::from(u8::from(state.clock));
        }
        if self.outliers > 0.0 && rng.random::<f64>() < self.outliers {
            log += 10f64.ln();
        }
        state.sample += 1;
        state.before = Some(side);
        log
    }

    /// The estimate of one row of one session.
    fn row(&self, rng: &mut ChaCha8Rng) -> Estimate {
        let means: Vec<f64> = (0..PROCESSES)
            .map(|_| process_log_ratio(&self.process(rng)).expect("a process has blocks"))
            .collect();
        Estimate::over_processes(&means).expect("five processes have an interval")
    }

    /// Share of 10,000 sessions whose 95 % interval holds the true speedup, and their median half-width.
    fn coverage(&self) -> (f64, f64) {
        const SESSIONS: u64 = 10_000;
        let (covered, mut halves): (Vec<bool>, Vec<f64>) = (0..SESSIONS)
            .into_par_iter()
            .map(|session| {
                let estimate = self.row(&mut ChaCha8Rng::seed_from_u64(session));
                let half = estimate.half_width(0.95);
                (
                    (estimate.log_speedup - self.speedup.ln()).abs() <= half,
                    half,
                )
            })
            .unzip();
        halves.sort_by(f64::total_cmp);
        let covered = covered.iter().filter(|&&covered| covered).count();
        (
            covered as f64 / SESSIONS as f64,
            halves[SESSIONS as usize / 2],
        )
    }
}

/// What one process carries from sample to sample.
struct State {
    effect: f64,
    clock: bool,
    sample: u32,
    before: Option<Side>,
}

/// A point in the unit disc and its squared distance from the centre, for the two polar methods.
fn in_disc(rng: &mut ChaCha8Rng) -> (f64, f64) {
    loop {
        let [x, y] = [(); 2].map(|()| 2.0 * rng.random::<f64>() - 1.0);
        let square = x * x + y * y;
        if square > 0.0 && square < 1.0 {
            return (x, square);
        }
    }
}

/// Standard normal (G. Marsaglia and T. A. Bray, SIAM Review 6, 1964).
pub(super) fn normal(rng: &mut ChaCha8Rng) -> f64 {
    let (x, square) = in_disc(rng);
    x * (-2.0 * square.ln() / square).sqrt()
}

/// Student's t with 3 degrees of freedom (R. W. Bailey, Math. Comp. 62, 1994).
pub(super) fn student_3(rng: &mut ChaCha8Rng) -> f64 {
    let (x, square) = in_disc(rng);
    x * (3.0 * (square.powf(-2.0 / 3.0) - 1.0) / square).sqrt()
}

#[test]
fn the_interval_covers_the_truth_as_often_as_it_says() {
    let scenarios = [
        ("process effects of 0.3 %", QUIET, 0.94..=0.96),
        (
            "no process effects",
            Device {
                process_effect: 0.0,
                ..QUIET
            },
            0.94..=0.96,
        ),
        (
            "drift: 5 % linear, 5 % quadratic",
            Device {
                drift: [0.05, 0.05],
                ..QUIET
            },
            0.94..=0.96,
        ),
        (
            "heavy tails: t with 3 degrees of freedom",
            Device {
                heavy_tails: true,
                noise: 0.01,
                ..QUIET
            },
            0.94..=0.96,
        ),
        (
            "outliers: 1 % of samples 10 times as long",
            Device {
                outliers: 0.01,
                ..QUIET
            },
            0.94..=0.96,
        ),
        (
            "slots: second of a pair 4 %",
            Device {
                slot: [0.04, 0.0],
                ..QUIET
            },
            0.94..=0.96,
        ),
        (
            "slots: second of a pair 4 %, after the other side 4 %",
            Device {
                slot: [0.04, 0.04],
                ..QUIET
            },
            0.94..=0.96,
        ),
        (
            "clock of two states 20 % apart, a change in 50 samples",
            Device {
                flips: [0.02, 0.2],
                ..QUIET
            },
            0.94..=0.96,
        ),
        (
            "all of these",
            Device {
                heavy_tails: true,
                outliers: 0.01,
                drift: [0.05, 0.05],
                slot: [0.04, 0.04],
                flips: [0.02, 0.2],
                ..QUIET
            },
            0.94..=0.96,
        ),
    ];
    println!(
        "| scenario | covered by the 95 % interval | median half-width |\n| --- | --- | --- |"
    );
    let mut wrong = Vec::new();
    for (name, device, expected) in scenarios {
        let (covered, half) = device.coverage();
        println!("| {name} | {:.1} % | {:.2} % |", 1e2 * covered, 1e2 * half);
        if !expected.contains(&covered) {
            wrong.push(format!("{name}: {covered}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn identical_code_is_called_different_in_one_family_of_twenty_at_most() {
    const FAMILIES: u64 = 2000;
    const ROWS: usize = 25;
    let same = Device {
        speedup: 1.0,
        ..QUIET
    };
    let (alone, family) = (0..FAMILIES)
        .into_par_iter()
        .map(|family| {
            let mut rng = ChaCha8Rng::seed_from_u64(family);
            let rows: Vec<_> = (0..ROWS).map(|_| Some(same.row(&mut rng))).collect();
            let differs = |verdict: &Verdict| {
                matches!(
                    verdict,
                    Verdict::Material | Verdict::Faster | Verdict::Slower
                )
            };
            let alone = rows
                .iter()
                .filter(|row| differs(&verdicts(&[**row], MARGIN, 0.95)[0]))
                .count();
            let family = verdicts(&rows, MARGIN, 0.95).iter().any(differs);
            (alone, usize::from(family))
        })
        .reduce(|| (0, 0), |one, other| (one.0 + other.0, one.1 + other.1));
    let alone = alone as f64 / (FAMILIES as usize * ROWS) as f64;
    let family = family as f64 / FAMILIES as f64;
    println!(
        "false faster or slower: {:.1} % of rows alone, {:.1} % of families of {ROWS} after Holm",
        1e2 * alone,
        1e2 * family
    );
    assert!(alone <= at_most(0.05, FAMILIES as usize * ROWS), "{alone}");
    assert!(family <= at_most(0.05, FAMILIES as usize), "{family}");
}

#[test]
fn a_row_on_the_margin_passes_for_equal_once_in_twenty_at_most() {
    const ROWS: u64 = 10_000;
    let on_margin = Device {
        speedup: 1.0 + MARGIN,
        ..QUIET
    };
    let rows: Vec<Estimate> = (0..ROWS)
        .into_par_iter()
        .map(|row| on_margin.row(&mut ChaCha8Rng::seed_from_u64(row)))
        .collect();
    let share = |passes: &dyn Fn(&Estimate) -> bool| {
        rows.iter().filter(|row| passes(row)).count() as f64 / ROWS as f64
    };
    let tests = share(&|row| row.p_beyond(MARGIN.ln_1p()) < 0.05);
    let words = share(&|row| verdicts(&[Some(*row)], MARGIN, 0.95)[0] == Verdict::Equal);
    println!(
        "on the margin: {:.1} % pass the two one-sided tests, {:.1} % are called equal",
        1e2 * tests,
        1e2 * words
    );
    assert!(
        tests > 0.04 && tests <= at_most(0.05, ROWS as usize),
        "{tests}"
    );
    assert!(words <= tests, "{words}");
}

/// `rate`, and three standard errors of a share of so many trials.
fn at_most(rate: f64, trials: usize) -> f64 {
    rate + 3.0 * (rate * (1.0 - rate) / trials as f64).sqrt()
}
