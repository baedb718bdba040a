//! What a run covers and how long it samples.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use glob::Pattern;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::SessionError;
use crate::task::{Case, ShrinkLimit, Task, shrink};
use crate::worker::{Confinement, TimePlan};

/// How far a run goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// Gates alone.
    Check,
    /// One process and few blocks: a look, without intervals.
    Quick,
    Full,
}

/// Which rows and grid cases a run covers.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Over ids of rows and grid cases.
    pub rows: Option<Pattern>,
    pub set: Option<String>,
}

impl Selection {
    pub fn is_everything(&self) -> bool {
        self.rows.is_none() && self.set.is_none()
    }

    fn takes(&self, case: &Case) -> bool {
        let row = self.rows.as_ref().is_none_or(|glob| glob.matches(&case.id));
        // Grid cases belong to no set: they guard every one.
        let set = self
            .set
            .as_ref()
            .is_none_or(|set| case.set == *set || case.set.is_empty());
        row && set
    }
}

/// Everything that a caller decides about a run.
#[derive(Clone, Debug)]
pub struct RunOptions {
    pub depth: Depth,
    pub selection: Selection,
    pub seed: u64,
    /// Longest that one request may take before its worker counts as hung.
    pub limit: Duration,
    /// Gates that look away: for a self-test alone.
    pub blind: Vec<String>,
    /// Most that a worker may take besides the memory for outputs; one that takes more counts as dead.
    pub memory_bytes: u64,
    pub confinement: Confinement,
    /// As typed, for the record.
    pub command: String,
    /// Set from outside to stop between two steps.
    pub interrupted: Arc<AtomicBool>,
}

impl RunOptions {
    pub(super) fn check_interrupt(&self) -> Result<(), SessionError> {
        if self.interrupted.load(Ordering::Relaxed) {
            Err(SessionError::Interrupted)
        } else {
            Ok(())
        }
    }
}

/// Largest tensor of an emulated case, in elements: what 2 cores run thousands of in a minute.
const EMULATED_LIMIT: ShrinkLimit = ShrinkLimit(1 << 15);

/// Largest tensor of a grid case on a GPU, in elements. Some frozen grids hold hundreds of cases of gigabytes, which the
/// oracle on the host cannot keep up with; large sizes are what rows are for, which are never shortened there.
const GPU_GRID_LIMIT: ShrinkLimit = ShrinkLimit(1 << 20);

/// Production rows and grid cases that a look takes at most, where none are asked for by name.
const QUICK_ROWS: usize = 6;
const QUICK_CASES: usize = 48;

/// Outputs of a row that a look takes at most, in bytes, where there are rows as small: the oracle takes longer for
/// larger ones than all else does.
const QUICK_OUTPUTS: u64 = 64 << 20;

/// Selected rows and grid cases: on the emulated device all shortened to its size, on a GPU grid cases alone.
pub(super) struct Cases {
    pub(super) rows: Vec<Case>,
    pub(super) grid: Vec<Case>,
}

impl Cases {
    pub(super) fn select(
        task: &Task,
        selection: &Selection,
        emulated: bool,
    ) -> Result<Self, SessionError> {
        if let Some(set) = &selection.set
            && !task.contract.sets.iter().any(|known| known.name == *set)
        {
            let known: Vec<&str> = task
                .contract
                .sets
                .iter()
                .map(|known| known.name.as_str())
                .collect();
            return Err(SessionError::UnknownSet {
                task: task.name.clone(),
                set: set.clone(),
                known: known.join(", "),
            });
        }
        let pick = |cases: &[Case], limit: Option<ShrinkLimit>| {
            let chosen = cases.iter().filter(|case| selection.takes(case));
            chosen
                .map(|case| match limit {
                    Some(limit) => shrink(case, &task.contract.entries[case.entry], limit),
                    None => case.clone(),
                })
                .collect::<Vec<_>>()
        };
        let (row_limit, grid_limit) = match emulated {
            true => (Some(EMULATED_LIMIT), EMULATED_LIMIT),
            false => (None, GPU_GRID_LIMIT),
        };
        let cases = Self {
            rows: pick(&task.rows, row_limit),
            grid: pick(&task.grid, Some(grid_limit)),
        };
        if cases.rows.is_empty() && cases.grid.is_empty() {
            let glob = selection.rows.as_ref().map_or("", Pattern::as_str);
            return Err(SessionError::NothingSelected {
                what: format!("`{glob}`"),
            });
        }
        Ok(cases)
    }

    /// What a look has time for: some production rows from the smallest to the largest, and some grid cases, which the
    /// seed draws. All where the caller has selected.
    pub(super) fn thinned(mut self, selection: &Selection, seed: u64) -> Self {
        if !selection.is_everything() {
            return self;
        }
        let mut production: Vec<&Case> = self.rows.iter().filter(|row| row.production).collect();
        let is_small = |row: &&Case| row.output_bytes() <= QUICK_OUTPUTS;
        if production.iter().any(is_small) {
            production.retain(is_small);
        }
        production.sort_by_key(|row| row.moved_bytes());
        let kept: Vec<String> = spread(production.len(), QUICK_ROWS)
            .map(|place| production[place].id.clone())
            .collect();
        self.rows.retain(|row| kept.contains(&row.id));
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        self.grid.shuffle(&mut random);
        self.grid.truncate(QUICK_CASES);
        self
    }

    /// Every row, shortened as for the emulated device: what is asked of a contract needs no gigabytes.
    pub(super) fn short_rows(&self, task: &Task) -> impl Iterator<Item = Case> {
        self.rows
            .iter()
            .map(|row| shrink(row, &task.contract.entries[row.entry], EMULATED_LIMIT))
    }
}

/// `wanted` of `count` places, from the first to the last.
fn spread(count: usize, wanted: usize) -> impl Iterator<Item = usize> {
    let taken = wanted.min(count);
    (0..taken).map(move |number| match taken {
        1 => 0,
        _ => number * (count - 1) / (taken - 1),
    })
}

/// How a run samples.
pub(super) struct Sampling {
    pub(super) processes: usize,
    pub(super) plan: TimePlan,
}

/// MEASURE.md: five processes give a 95 % half-width near 0.1 %.
const PROCESSES: usize = 5;

impl Sampling {
    pub(super) fn new(depth: Depth, emulated: bool, margin: f64) -> Self {
        let full = TimePlan {
            sample_ns: 7.5e5,
            warmup_rounds: 30,
            pilot_blocks: 6,
            max_blocks: 32,
            blocks: None,
            hot_blocks: 2,
            dirty_blocks: 2,
            beside_blocks: 1,
            host_blocks: 8,
            host_ns: 1e7,
            margin,
            max_calls: 320,
        };
        let short = TimePlan {
            warmup_rounds: 10,
            pilot_blocks: 2,
            max_blocks: 4,
            hot_blocks: 1,
            dirty_blocks: 1,
            host_blocks: 2,
            host_ns: 2e6,
            ..full
        };
        let (processes, plan) = match (depth, emulated) {
            (Depth::Check, _) => (0, short),
            (_, true) => (
                2,
                TimePlan {
                    sample_ns: 1e5,
                    warmup_rounds: 1,
                    host_ns: 1e5,
                    max_calls: 4,
                    ..short
                },
            ),
            (Depth::Quick, false) => (
                1,
                TimePlan {
                    dirty_blocks: 0,
                    beside_blocks: 0,
                    ..short
                },
            ),
            (Depth::Full, false) => (PROCESSES, full),
        };
        Self { processes, plan }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::task::names;

    #[test]
    fn a_look_takes_places_from_the_first_to_the_last() {
        let places = |count| spread(count, 4).collect::<Vec<_>>();
        assert_eq!(places(10), [0, 3, 6, 9]);
        assert_eq!(places(3), [0, 1, 2]);
        assert_eq!(places(1), [0]);
        assert_eq!(places(0), [0; 0]);
    }

    #[test]
    fn a_look_leaves_large_rows_out_where_there_are_others() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut left_out = 0;
        for name in names(root).expect("the tasks should be listed") {
            let task = Task::load(root, &name).expect("the tasks should load");
            let everything = Selection::default();
            let all = Cases::select(&task, &everything, false).expect("a task should have cases");
            let large = |cases: &Cases| {
                let rows = cases.rows.iter().filter(|row| row.production);
                rows.filter(|row| row.output_bytes() > QUICK_OUTPUTS)
                    .count()
            };
            left_out += large(&all);
            let look = all.thinned(&everything, 3);
            assert!((1..=QUICK_ROWS).contains(&look.rows.len()), "{name}");
            assert_eq!(large(&look), 0, "{name}");
        }
        assert!(left_out > 0);
    }

    #[test]
    fn a_gpu_gets_every_row_whole_and_grid_cases_within_the_limit() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut shortened = 0;
        for name in names(root).expect("the tasks should be listed") {
            let task = Task::load(root, &name).expect("the tasks should load");
            let cases = Cases::select(&task, &Selection::default(), false)
                .expect("a task should have cases");
            assert!(cases.rows.iter().all(|row| row.shrunk.is_none()), "{name}");
            for (case, whole) in cases.grid.iter().zip(&task.grid) {
                let is_short = case.shrunk.is_some();
                shortened += usize::from(is_short);
                let elements = |case: &Case| case.present().map(|t| t.elements()).sum::<u64>();
                assert_eq!(is_short, elements(case) < elements(whole), "{}", case.id);
            }
        }
        assert!(shortened > 0);
    }
}
