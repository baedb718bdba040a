//! A simulated device, whose truth is known, and a session on it.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::noise::{normal, student_3};
use crate::stats::{Block, Estimate, Order, blocks_per_process, process_log_ratio};
use crate::timing::orders;
use crate::toolchain::Side;

pub(super) const PROCESSES: usize = 5;
pub(super) const PILOT: u32 = 8;
pub(super) const MAX_BLOCKS: usize = 32;
pub(super) const MARGIN: f64 = 0.01;

/// What a simulated device does to the times of its samples, in log time unless said otherwise. Both sides suffer alike.
#[derive(Clone, Copy)]
pub(super) struct Device {
    /// Baseline time / candidate time, the truth.
    pub(super) speedup: f64,
    /// Standard deviation of a sample.
    pub(super) noise: f64,
    /// Noise of Student's t with 3 degrees of freedom, scaled to the same standard deviation.
    pub(super) heavy_tails: bool,
    /// Share of samples that take ten times as long.
    pub(super) outliers: f64,
    /// Change over a process of the most blocks: linear in time, and growing with its square.
    pub(super) drift: [f64; 2],
    /// Cost of being the second of two neighbours, and of following the other side.
    pub(super) slot: [f64; 2],
    /// Standard deviation between processes of the log speedup.
    pub(super) process_effect: f64,
    /// Chance at each sample that the clock changes between its two states, and their distance.
    pub(super) flips: [f64; 2],
}

pub(super) const QUIET: Device = Device {
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
    /// The blocks of one process, as many as its pilot asks for.
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

    fn block(&self, order: Order, state: &mut State, rng: &mut ChaCha8Rng) -> Block {
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

    /// The blocks of one row of one session.
    pub(super) fn session(&self, rng: &mut ChaCha8Rng) -> Vec<Vec<Block>> {
        (0..PROCESSES).map(|_| self.process(rng)).collect()
    }

    /// The estimate of one row of one session.
    pub(super) fn row(&self, rng: &mut ChaCha8Rng) -> Estimate {
        estimate(&self.session(rng))
    }
}

fn estimate(session: &[Vec<Block>]) -> Estimate {
    let means: Vec<f64> = session
        .iter()
        .map(|blocks| process_log_ratio(blocks).expect("a process has blocks"))
        .collect();
    Estimate::over_processes(&means).expect("five processes have an interval")
}

/// What one process carries from sample to sample.
struct State {
    effect: f64,
    clock: bool,
    sample: u32,
    before: Option<Side>,
}
