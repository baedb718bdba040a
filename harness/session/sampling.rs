//! The timed processes: fresh ones, one after the other, every row in each.

use std::collections::BTreeMap;
use std::time::Instant;

use rand::seq::index::sample;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tracing::{debug, info};

use super::losses::Losses;
use super::pair::WorkerFactory;
use super::plan::Sampling;
use super::screening::tell;
use super::{Progress, RunOptions, SessionError};
use crate::crash::LostCall;
use crate::gate::{CaseJudge, GateBook, Oracle, gates};
use crate::task::Case;
use crate::toolchain::Side;
use crate::worker::{OutputCopy, TimePlan, TimeReply, TimeRequest, Worker, WorkerError};

/// Buffer sets of a row whose outputs are compared after its last timed block, in each process and on each side.
const AUDITED_SETS: usize = 2;

/// Outputs of one set above which a second one is not audited, in bytes.
const LARGE_OUTPUTS: u64 = 32 << 20;

/// Samples of one row, process by process, or why it was lost.
pub(super) type RowSamples = Result<Vec<TimeReply>, String>;

/// Times rows on both sides.
pub(super) struct Timing<'a> {
    pub(super) factory: &'a WorkerFactory,
    pub(super) oracle: &'a mut Oracle,
    pub(super) book: &'a mut GateBook,
    pub(super) options: &'a RunOptions,
    pub(super) sampling: &'a Sampling,
    pub(super) losses: &'a Losses<'a>,
}

/// A row that was sent to the worker, and the seed of its inputs.
struct Sent {
    seed: u64,
    plan: TimePlan,
    outcome: Result<(), WorkerError>,
}

/// Outputs of one buffer set, as the last timed replays left them.
struct Audit {
    set: u32,
    candidate: Vec<OutputCopy>,
    baseline: Vec<OutputCopy>,
}

/// One process and the place of its outputs in shared memory.
struct Process {
    number: usize,
    worker: Option<Worker>,
    random: ChaCha8Rng,
    /// Bytes for the audited outputs of one row. There are two such areas: the worker fills one while the parent reads
    /// the other.
    area: u64,
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
        let area = rows.iter().map(|row| row_area(row)).max().unwrap_or(0);
        progress.begin("timing", self.sampling.processes * rows.len());
        for number in 0..self.sampling.processes {
            let started = Instant::now();
            let mut random = ChaCha8Rng::seed_from_u64(self.options.seed);
            random.set_stream(number as u64 + 1);
            let mut process = Process {
                number,
                worker: None,
                random,
                area,
            };
            self.process(&mut process, rows, &mut samples, progress)?;
            info!(
                process = number,
                seconds = started.elapsed().as_secs_f64(),
                "process done"
            );
        }
        progress.end();
        Ok(samples)
    }

    /// Every row once. While the parent audits one row, the worker times the next: all its device samples are enqueued
    /// behind a held stream, so that a busy host does not reach into them.
    fn process(
        &mut self,
        process: &mut Process,
        rows: &[&Case],
        samples: &mut BTreeMap<String, RowSamples>,
        progress: &dyn Progress,
    ) -> Result<(), SessionError> {
        let rows: Vec<&Case> = rows
            .iter()
            .filter(|row| samples[&row.id].is_ok())
            .copied()
            .collect();
        let mut sent = None;
        for (number, row) in rows.iter().enumerate() {
            self.options.check_interrupt()?;
            let this = match sent.take() {
                Some(sent) => sent,
                None => self.send(process, row, samples),
            };
            let taken = this
                .outcome
                .and_then(|()| self.collect(process, row, number));
            match taken {
                Ok((reply, audits)) => {
                    sent = rows
                        .get(number + 1)
                        .map(|next| self.send(process, next, samples));
                    self.audit(process, row, this.seed, &audits)?;
                    if let Some(Ok(taken)) = samples.get_mut(&row.id) {
                        taken.push(reply);
                    }
                }
                Err(error) => {
                    let call = LostCall::Time {
                        order: process.order(),
                        seed: this.seed,
                        plan: this.plan,
                    };
                    self.losses.keep(row, call, &error, &process.said());
                    let why = tell(&error);
                    self.book
                        .note(gates::ALIVE, Some(format!("`{}`, timed: {why}", row.id)));
                    if !error.worker_is_usable() {
                        process.worker = None;
                    }
                    samples.insert(row.id.clone(), Err(why));
                }
            }
            progress.step(&row.id);
        }
        Ok(())
    }

    fn send(
        &self,
        process: &mut Process,
        row: &Case,
        samples: &BTreeMap<String, RowSamples>,
    ) -> Sent {
        let seed = process.random.random();
        let earlier = samples[&row.id]
            .as_ref()
            .ok()
            .and_then(|taken| taken.first());
        let plan = TimePlan {
            blocks: earlier.map(|first| first.blocks),
            ..self.sampling.plan
        };
        let request = TimeRequest {
            case: row.clone(),
            seed,
            plan,
        };
        Sent {
            seed,
            plan,
            outcome: process
                .worker(self.factory)
                .and_then(|worker| worker.send_time(request)),
        }
    }

    /// Waits for a row's samples and has the outputs of some buffer sets copied. Which ones is drawn only now: nobody
    /// could know which replays would be looked at.
    fn collect(
        &mut self,
        process: &mut Process,
        row: &Case,
        number: usize,
    ) -> Result<(TimeReply, Vec<Audit>), WorkerError> {
        let limit = self.options.limit;
        let started = Instant::now();
        let worker = process
            .worker
            .as_mut()
            .expect("a row should have been sent to a worker");
        let reply = worker.timed(limit)?;
        let timed = started.elapsed();
        let failure = (reply.foreign_calls > 0).then(|| {
            format!(
                "`{}`: {} calls of a sample launch something else than the first",
                row.id, reply.foreign_calls
            )
        });
        self.book.note(gates::GRAPH, failure);
        let mut place = (number as u64 % 2) * process.area;
        let mut audits = Vec::new();
        let count = audited_sets(row).min(reply.buffer_sets as usize);
        for set in sample(&mut process.random, reply.buffer_sets as usize, count) {
            let mut fetch = |side| {
                let copies = worker.fetch(side, vec![set as u32], place, limit);
                place += row.output_bytes();
                copies
            };
            let (candidate, baseline) = (fetch(Side::Candidate)?, fetch(Side::Baseline)?);
            audits.push(Audit {
                set: set as u32,
                candidate,
                baseline,
            });
        }
        debug!(
            row = row.id,
            waited_ms = timed.as_millis() as u64,
            copied_ms = (started.elapsed() - timed).as_millis() as u64,
            calls = reply.calls_per_sample,
            sets = reply.buffer_sets,
            blocks = reply.blocks,
            "sampled"
        );
        Ok((reply, audits))
    }

    fn audit(
        &mut self,
        process: &Process,
        row: &Case,
        seed: u64,
        audits: &[Audit],
    ) -> Result<(), SessionError> {
        let worker = process
            .worker
            .as_ref()
            .expect("a worker that answered should be kept until it is asked again");
        for audit in audits {
            self.oracle.compute(row, seed, audit.set)?;
            let mut judge = CaseJudge {
                case: row,
                oracle: self.oracle,
                book: self.book,
            };
            judge.timed(Side::Candidate, &audit.candidate, worker.shared());
            judge.timed(Side::Baseline, &audit.baseline, worker.shared());
        }
        Ok(())
    }
}

impl Process {
    /// Load order alternates from process to process.
    fn order(&self) -> [Side; 2] {
        match self.number % 2 {
            0 => [Side::Baseline, Side::Candidate],
            _ => [Side::Candidate, Side::Baseline],
        }
    }

    /// The end of what its worker said on its standard error.
    fn said(&self) -> String {
        self.worker
            .as_ref()
            .map_or_else(String::new, |worker| worker.said())
    }

    /// The worker, started if need be.
    fn worker(&mut self, factory: &WorkerFactory) -> Result<&mut Worker, WorkerError> {
        let order = self.order();
        match &mut self.worker {
            Some(worker) => Ok(worker),
            none => Ok(none.insert(factory.start(&order, 2 * self.area)?)),
        }
    }
}

fn audited_sets(row: &Case) -> usize {
    if row.output_bytes() > LARGE_OUTPUTS {
        1
    } else {
        AUDITED_SETS
    }
}

/// Shared memory for all that is audited of one row.
fn row_area(row: &Case) -> u64 {
    2 * audited_sets(row) as u64 * row.output_bytes()
}
