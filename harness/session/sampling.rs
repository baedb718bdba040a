//! The timed processes: fresh ones, one after the other, every row in each.

use std::collections::BTreeMap;
use std::time::Instant;

use rand::seq::index::sample;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tracing::{debug, info};

use super::pair::WorkerFactory;
use super::plan::Sampling;
use super::screening::tell;
use super::{Progress, RunOptions, SessionError};
use crate::gate::{CaseJudge, GateBook, Oracle, gates};
use crate::task::Case;
use crate::toolchain::Side;
use crate::worker::{TimePlan, TimeReply, TimeRequest, Worker, WorkerError};

/// Buffer sets of a row whose outputs are compared after its last timed block, in each process and on each side.
const AUDITED_SETS: usize = 2;

/// Samples of one row, process by process, or why it was lost.
pub(super) type RowSamples = Result<Vec<TimeReply>, String>;

/// Times rows on both sides.
pub(super) struct Timing<'a> {
    pub(super) factory: &'a WorkerFactory,
    pub(super) oracle: &'a mut Oracle,
    pub(super) book: &'a mut GateBook,
    pub(super) options: &'a RunOptions,
    pub(super) sampling: &'a Sampling,
}

impl Timing<'_> {
    /// Samples of every row, by id. A row that loses its worker is lost; the others go on in a fresh one.
    pub(super) fn run(
        &mut self,
        rows: &[&Case],
        progress: &dyn Progress,
    ) -> Result<BTreeMap<String, RowSamples>, SessionError> {
        let mut samples: BTreeMap<String, RowSamples> = rows
            .iter()
            .map(|row| (row.id.clone(), Ok(Vec::new())))
            .collect();
        let area = rows.iter().map(|row| area_bytes(row)).max().unwrap_or(0);
        progress.begin("timing", self.sampling.processes * rows.len());
        for process in 0..self.sampling.processes {
            let mut random = ChaCha8Rng::seed_from_u64(self.options.seed);
            random.set_stream(process as u64 + 1);
            let mut worker = None;
            let started = Instant::now();
            for row in rows {
                self.options.check_interrupt()?;
                let samples = samples
                    .get_mut(&row.id)
                    .expect("every row should have its samples");
                if let Ok(taken) = samples {
                    let timed = self
                        .process_worker(&mut worker, process, area)
                        .and_then(|worker| self.row(row, taken, worker, area, &mut random));
                    match timed {
                        Ok(reply) => taken.push(reply),
                        Err(error) => {
                            let why = tell(&error);
                            self.book
                                .note(gates::ALIVE, Some(format!("`{}`, timed: {why}", row.id)));
                            if !error.worker_is_usable() {
                                worker = None;
                            }
                            *samples = Err(why);
                        }
                    }
                }
                progress.step(&row.id);
            }
            info!(
                process,
                seconds = started.elapsed().as_secs_f64(),
                "process done"
            );
        }
        progress.end();
        Ok(samples)
    }

    fn row(
        &mut self,
        row: &Case,
        taken: &[TimeReply],
        worker: &mut Worker,
        area: u64,
        random: &mut ChaCha8Rng,
    ) -> Result<TimeReply, WorkerError> {
        let seed = random.random();
        let plan = TimePlan {
            blocks: taken.first().map(|first| first.blocks),
            ..self.sampling.plan
        };
        let limit = self.options.limit;
        let started = Instant::now();
        let reply = worker.time(
            TimeRequest {
                case: row.clone(),
                seed,
                plan,
            },
            limit,
        )?;
        let timed = started.elapsed();
        self.foreign(row, &reply);
        // Drawn after the samples were taken: nobody could know which replays count.
        let count = AUDITED_SETS.min(reply.buffer_sets as usize);
        for set in sample(random, reply.buffer_sets as usize, count) {
            self.audit(row, seed, set as u32, worker, area)?;
        }
        debug!(
            row = row.id,
            timed_ms = timed.as_millis() as u64,
            audited_ms = (started.elapsed() - timed).as_millis() as u64,
            calls = reply.calls_per_sample,
            sets = reply.buffer_sets,
            blocks = reply.blocks,
            "sampled"
        );
        Ok(reply)
    }

    /// The process's worker, started if need be. Load order alternates from process to process.
    fn process_worker<'w>(
        &self,
        worker: &'w mut Option<Worker>,
        process: usize,
        area: u64,
    ) -> Result<&'w mut Worker, WorkerError> {
        let order = match process % 2 {
            0 => [Side::Baseline, Side::Candidate],
            _ => [Side::Candidate, Side::Baseline],
        };
        match worker {
            Some(worker) => Ok(worker),
            none => Ok(none.insert(self.factory.start(&order, 2 * area)?)),
        }
    }

    fn foreign(&mut self, row: &Case, reply: &TimeReply) {
        let failure = (reply.foreign_calls > 0).then(|| {
            format!(
                "`{}`: {} calls of a sample launch something else than the first",
                row.id, reply.foreign_calls
            )
        });
        self.book.note(gates::GRAPH, failure);
    }

    /// Compares one buffer set's outputs, as the last timed replays left them.
    fn audit(
        &mut self,
        row: &Case,
        seed: u64,
        set: u32,
        worker: &mut Worker,
        area: u64,
    ) -> Result<(), WorkerError> {
        let limit = self.options.limit;
        let candidate = worker.fetch(Side::Candidate, vec![set], 0, limit)?;
        let baseline = worker.fetch(Side::Baseline, vec![set], area, limit)?;
        if let Err(error) = self.oracle.compute(row, seed, set) {
            self.book.note(gates::TIMED, Some(error.to_string()));
            return Ok(());
        }
        let mut judge = CaseJudge {
            case: row,
            oracle: self.oracle,
            book: self.book,
        };
        judge.timed(Side::Candidate, &candidate, worker.shared());
        judge.timed(Side::Baseline, &baseline, worker.shared());
        Ok(())
    }
}

/// Shared memory for the outputs of one buffer set of one side.
fn area_bytes(row: &Case) -> u64 {
    let written = (0..row.storage_bytes.len()).filter(|storage| row.is_written(*storage));
    let outputs: u64 = written
        .map(|storage| row.storage_bytes[storage].next_multiple_of(64))
        .sum();
    outputs.next_multiple_of(4096)
}
