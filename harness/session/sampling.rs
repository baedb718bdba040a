//! The timed processes: fresh ones, one after the other, every row in each.

use std::collections::BTreeMap;
use std::time::Instant;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tracing::{debug, info};

use super::controls::{Control, Controlled};
use super::gpu_watch::GpuWatch;
use super::losses::Losses;
use super::pair::{ControlLibraries, Roles, WorkerFactory};
use super::plan::Sampling;
use super::screening::tell;
use super::{Progress, RunOptions, SessionError};
use crate::crash::LostCall;
use crate::gate::{CaseJudge, GateBook, Left, Oracle, gates};
use crate::ledger::{DuringRecord, RawProcess};
use crate::task::Case;
use crate::tensor::Role;
use crate::toolchain::Side;
use crate::worker::{
    FetchedOutputs, Pairing, TimePlan, TimeReply, TimeRequest, Worker, WorkerError,
};

/// Outputs of one set above which a row is audited in two processes alone, in bytes: the oracle takes longer for them
/// than the samples do. In all processes every set is compared with one replay of the same calls captured afresh.
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
    /// Fingerprints that the gates saw, baseline and candidate, by row.
    pub(super) attested: &'a BTreeMap<String, [String; 2]>,
    pub(super) losses: &'a Losses<'a>,
    /// Timed in every process behind its rows.
    pub(super) controls: &'a [Control],
    pub(super) control_libraries: Option<&'a ControlLibraries>,
    pub(super) watch: GpuWatch<'a>,
}

/// What the timed processes took.
pub(super) struct Taken {
    /// By row.
    pub(super) rows: BTreeMap<String, RowSamples>,
    pub(super) controls: Vec<Controlled>,
    /// What NVML said meanwhile.
    pub(super) during: Option<DuringRecord>,
}

/// A row that was sent to the worker, and the seed of its inputs.
struct Sent {
    seed: u64,
    plan: TimePlan,
    outcome: Result<(), WorkerError>,
}

/// Outputs of one buffer set, drawn by this seed.
struct Audit {
    gate: &'static str,
    seed: u64,
    set: u32,
    candidate: FetchedOutputs,
    baseline: FetchedOutputs,
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
    /// Samples of every row, by id, and of every control. A row that loses its worker is lost; the others go on in a
    /// fresh one.
    pub(super) fn run(
        &mut self,
        rows: &[&Case],
        progress: &dyn Progress,
    ) -> Result<Taken, SessionError> {
        let mut samples: BTreeMap<String, RowSamples> = rows
            .iter()
            .map(|row| (row.id.clone(), Ok(Vec::new())))
            .collect();
        let area = largest_area(rows.iter().copied());
        let controls = self.controls.iter();
        let mut controls: Vec<Controlled> = controls
            .map(|control| Controlled {
                control: control.clone(),
                replies: Ok(Vec::new()),
            })
            .collect();
        let steps = rows.len() + controls.len();
        progress.begin("timing", self.sampling.processes * steps);
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
            self.control(&mut process, &mut controls, progress)?;
            info!(
                process = number,
                seconds = started.elapsed().as_secs_f64(),
                "process done"
            );
        }
        progress.end();
        Ok(Taken {
            rows: samples,
            controls,
            during: self.watch.seen(),
        })
    }

    /// Every control once, like a row whose outputs nobody looks at.
    fn control(
        &self,
        process: &mut Process,
        controls: &mut [Controlled],
        progress: &dyn Progress,
    ) -> Result<(), SessionError> {
        for controlled in controls {
            self.options.check_interrupt()?;
            let Control { case, .. } = &controlled.control;
            let Ok(replies) = &mut controlled.replies else {
                continue;
            };
            let request = TimeRequest {
                pairing: controlled.control.pairing(),
                case: case.clone(),
                seed: process.random.random(),
                plan: self.plan(replies.first()),
            };
            let timed = self.worker(process).and_then(|worker| {
                worker.send_time(request)?;
                worker.timed(self.options.limit)
            });
            match timed {
                Ok(reply) => replies.push(as_stored(reply)),
                Err(error) => {
                    if !error.worker_is_usable() {
                        process.worker = None;
                    }
                    controlled.replies = Err(tell(&error));
                }
            }
            progress.step(&case.id);
        }
        Ok(())
    }

    /// The number of blocks is that of the first process, whose pilot has fixed it.
    fn plan(&self, first: Option<&TimeReply>) -> TimePlan {
        TimePlan {
            blocks: first.map(|first| first.blocks),
            ..self.sampling.plan
        }
    }

    /// The process's worker, started if need be.
    fn worker<'p>(&self, process: &'p mut Process) -> Result<&'p mut Worker, WorkerError> {
        if process.worker.is_none() {
            let worker = self.factory.start_timed(
                &process.order(),
                self.control_libraries,
                process.roles(),
                AREAS * process.area,
            )?;
            process.worker = Some(worker);
        }
        Ok(process
            .worker
            .as_mut()
            .expect("a worker that was just started should be there"))
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
                .and_then(|()| self.collect(process, row, number, this.seed));
            match taken {
                Ok((reply, audits)) => {
                    sent = rows
                        .get(number + 1)
                        .map(|next| self.send(process, next, samples));
                    if sent.is_some() {
                        self.watch.look(1 + self.factory.stock.count());
                    }
                    self.audit(process, row, &audits)?;
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
        let plan = self.plan(earlier);
        let request = TimeRequest {
            pairing: Pairing::Task,
            case: row.clone(),
            seed,
            plan,
        };
        Sent {
            seed,
            plan,
            outcome: self
                .worker(process)
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
        seed: u64,
    ) -> Result<(TimeReply, Vec<Audit>), WorkerError> {
        let limit = self.options.limit;
        let started = Instant::now();
        let worker = process
            .worker
            .as_mut()
            .expect("a row should have been sent to a worker");
        let reply = as_stored(worker.timed(limit)?);
        let timed = started.elapsed();
        self.judge(row, &reply);
        let mut place = (number as u64 % 2) * process.area;
        let mut audits = Vec::new();
        let processes = self.sampling.processes;
        for &gate in audited(is_large(row), process.number, processes, self.options.seed) {
            let mut seed = seed;
            let set = process.random.random_range(0..reply.buffer_sets);
            if gate == gates::REDRAWN {
                seed = process.random.random();
                worker.redraw(seed, set, limit)?;
            }
            let mut fetch = |side| {
                let fetched = worker.fetch(side, vec![set], place, limit);
                place += fetched_bytes(row);
                fetched
            };
            audits.push(Audit {
                gate,
                seed,
                set,
                candidate: fetch(Side::Candidate)?,
                baseline: fetch(Side::Baseline)?,
            });
        }
        debug!(
            row = row.id,
            waited_ms = timed.as_millis() as u64,
            copied_ms = (started.elapsed() - timed).as_millis() as u64,
            calls = reply.calls_per_sample,
            sets = reply.buffer_sets,
            blocks = reply.blocks,
            warmup = reply.warmup_rounds,
            spent_ms = ?reply.spent,
            "sampled"
        );
        Ok((reply, audits))
    }

    /// What the worker itself found.
    fn judge(&mut self, row: &Case, reply: &TimeReply) {
        let attested = &self.attested[&row.id];
        let mut faults = reply.graph_faults.clone();
        for (side, gated, timed) in [
            (Side::Baseline, &attested[0], &reply.baseline_graph),
            (Side::Candidate, &attested[1], &reply.candidate_graph),
        ] {
            if *gated != timed.fingerprint {
                faults.push(format!("{side}: another graph than the gates saw"));
            }
        }
        let unlike = reply.unlike_fresh.iter().map(|side| {
            format!("{side}: the same calls captured afresh leave other bits than the timed ones")
        });
        let mut note = |gate, findings: Vec<String>| {
            let failure = (!findings.is_empty())
                .then(|| format!("`{}`, timed: {}", row.id, findings.join("; ")));
            self.book.note(gate, failure);
        };
        note(gates::GRAPH, faults);
        note(gates::TIMED, unlike.collect());
        note(gates::DEVICE_STATE, reply.device_changes.clone());
    }

    fn audit(
        &mut self,
        process: &Process,
        row: &Case,
        audits: &[Audit],
    ) -> Result<(), SessionError> {
        let worker = process
            .worker
            .as_ref()
            .expect("a worker that answered should be kept until it is asked again");
        for audit in audits {
            let sides = [
                (Side::Candidate, &audit.candidate),
                (Side::Baseline, &audit.baseline),
            ];
            for (number, (side, fetched)) in sides.into_iter().enumerate() {
                // What a call starts from that overwrites its inputs is its own side's.
                if number == 0 || !fetched.started_from.is_empty() {
                    let left = Left {
                        copies: &fetched.started_from,
                        shared: worker.shared(),
                    };
                    self.oracle
                        .compute_from(row, audit.seed, audit.set, &left)?;
                }
                let mut judge = CaseJudge {
                    case: row,
                    oracle: self.oracle,
                    book: self.book,
                };
                judge.replayed(audit.gate, side, &fetched.outputs, worker.shared());
            }
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

    /// So do the roles of the baseline and its copy.
    fn roles(&self) -> Roles {
        match self.number % 2 {
            0 => Roles::AsBuilt,
            _ => Roles::Swapped,
        }
    }
}

/// With device samples as the samples file holds them, so that every figure of an entry can be computed from that again.
fn as_stored(mut reply: TimeReply) -> TimeReply {
    let calls = reply.calls_per_sample;
    for lane in [
        &mut reply.device,
        &mut reply.device_hot,
        &mut reply.device_dirty,
        &mut reply.beside,
    ] {
        *lane = RawProcess::of(calls, lane).blocks();
    }
    reply
}

fn is_large(row: &Case) -> bool {
    row.output_bytes() > LARGE_OUTPUTS
}

/// What the oracle looks at after a row's samples in this process: timed replays, replays on fresh inputs, or both.
fn audited(is_large: bool, process: usize, processes: usize, seed: u64) -> &'static [&'static str] {
    const BOTH: [&str; 2] = [gates::TIMED, gates::REDRAWN];
    if !is_large {
        return &BOTH;
    }
    // Each in one process that the seed chooses; of one process, the seed chooses what.
    let first = (seed % processes as u64) as usize;
    let turn = match processes {
        1 => (seed >> 32) as usize % 2,
        _ => (process + processes - first) % processes,
    };
    BOTH.get(turn..=turn).unwrap_or_default()
}

/// Areas for audited outputs: the worker fills one while the parent reads the other.
const AREAS: u64 = 2;

/// Memory for what is copied out of timed rows.
pub(super) fn timed_bytes(rows: &[Case]) -> u64 {
    AREAS * largest_area(rows.iter())
}

fn largest_area<'c>(rows: impl Iterator<Item = &'c Case>) -> u64 {
    rows.map(row_area).max().unwrap_or(0)
}

/// Shared memory for all that is audited of one row.
fn row_area(row: &Case) -> u64 {
    let audits = if is_large(row) { 1 } else { 2 };
    2 * audits * fetched_bytes(row)
}

/// Shared memory for what is fetched of one side and buffer set: outputs that are inputs too come twice.
fn fetched_bytes(row: &Case) -> u64 {
    let overwrites = row.outputs().any(|spec| spec.role == Role::Inout);
    row.output_bytes() * if overwrites { 2 } else { 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_row_is_audited_once_in_each_way_and_a_small_one_in_every_process() {
        for seed in [0, 3, 7 << 32, u64::MAX] {
            let seen: Vec<&str> = (0..5)
                .flat_map(|process| audited(true, process, 5, seed))
                .copied()
                .collect();
            assert_eq!(seen.len(), 2, "{seed}");
            assert!(
                seen.contains(&gates::TIMED) && seen.contains(&gates::REDRAWN),
                "{seed}"
            );
            assert_eq!(audited(true, 0, 1, seed).len(), 1, "{seed}");
            assert_eq!(audited(false, 1, 5, seed).len(), 2, "{seed}");
        }
    }

    #[test]
    fn of_one_process_the_seed_chooses_what_is_audited() {
        assert_ne!(audited(true, 0, 1, 0), audited(true, 0, 1, 1 << 32));
    }
}
