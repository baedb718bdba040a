//! Every row and grid case through the gates, each side in a worker of its own.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use tracing::debug;

use super::pair::{Replaceable, WorkerFactory};
use super::{Progress, RunOptions, SessionError};
use crate::gate::{CaseJudge, GateBook, Oracle, SideFindings, gates};
use crate::task::{Case, ErrorBudget, Expect};
use crate::toolchain::Side;
use crate::worker::{CHECK_SET, CheckReply, CheckRequest, RouteReply, WorkerError};

/// The first poison: a NaN in every float type, -1 in the integers.
const NAN_POISON: u32 = 0xFFFF_FFFF;

/// Keeps the second poison apart from everything else that the seed draws.
const POISON_SALT: u64 = 0xD1B5_4A32_D192_ED03;

/// The candidate answers first: it never runs in the wake of the baseline's call.
const ORDER: [Side; 2] = [Side::Candidate, Side::Baseline];

/// What the gates leave of a case.
#[derive(Clone, Debug)]
pub(super) enum Screened {
    Passed(RouteReply),
    /// Some gate failed on it.
    Failed(RouteReply),
    Lost(String),
}

/// Sends cases to both workers and judges the replies.
pub(super) struct Screening<'a> {
    pub(super) factory: &'a WorkerFactory,
    pub(super) oracle: &'a mut Oracle,
    pub(super) book: &'a mut GateBook,
    pub(super) budget: Option<&'a ErrorBudget>,
    pub(super) options: &'a RunOptions,
    pub(super) limit: Duration,
}

/// A case on its way, by side: `Err` says why it could not be sent.
type Sent = [Result<(), String>; 2];

impl Screening<'_> {
    /// Screens every case and returns what became of it, by id. A worker that dies costs its case alone.
    pub(super) fn run(
        &mut self,
        cases: &[&Case],
        progress: &dyn Progress,
    ) -> Result<BTreeMap<String, Screened>, SessionError> {
        // Two areas: a worker fills one while the parent reads the other.
        let area = cases.iter().map(|case| area_bytes(case)).max().unwrap_or(0);
        let [candidate, baseline] =
            ORDER.map(|side| Replaceable::start(self.factory, side, 2 * area));
        let mut workers = [candidate?, baseline?];
        let mut screened = BTreeMap::new();
        progress.begin("gates", cases.len());
        let mut next = None;
        let mut spent = [Duration::ZERO; 3];
        for (number, case) in cases.iter().enumerate() {
            self.options.check_interrupt()?;
            let sent: Sent = match next.take() {
                Some(sent) => sent,
                None => self.send(&mut workers, case, number, area)?,
            };
            let start = Instant::now();
            if case.expect == Expect::Accepted {
                self.oracle.compute(case, self.options.seed, CHECK_SET)?;
            }
            let computed = Instant::now();
            let replies = self.receive(&mut workers, sent);
            let received = Instant::now();
            if let Some(following) = cases.get(number + 1) {
                next = Some(self.send(&mut workers, following, number + 1, area)?);
            }
            screened.insert(case.id.clone(), self.judge(case, &replies, &mut workers));
            let steps = [computed - start, received - computed, received.elapsed()];
            spent
                .iter_mut()
                .zip(steps)
                .for_each(|(total, step)| *total += step);
            progress.step(&case.id);
        }
        let [oracle, waiting, judging] = spent.map(|total| total.as_secs_f64());
        debug!(oracle, waiting, judging, "seconds of the gates");
        progress.end();
        Ok(screened)
    }

    fn send(
        &self,
        workers: &mut [Replaceable; 2],
        case: &Case,
        number: usize,
        area: u64,
    ) -> Result<Sent, SessionError> {
        let mut sent = [Ok(()), Ok(())];
        for (worker, sent) in workers.iter_mut().zip(&mut sent) {
            let request = CheckRequest {
                case: case.clone(),
                side: worker.side(),
                seed: self.options.seed,
                poison: self.poison(),
                area: (number as u64 % 2) * area,
                area_bytes: area,
            };
            let Some(running) = worker.worker()? else {
                *sent = Err("not run: too many of its workers have died".to_owned());
                continue;
            };
            if let Err(error) = running.send_check(request) {
                worker.failed(&error);
                *sent = Err(tell(&error));
            }
        }
        Ok(sent)
    }

    /// NaN first, then what the seed draws: at times that looks like data.
    fn poison(&self) -> [u32; 2] {
        [
            NAN_POISON,
            (self.options.seed.wrapping_mul(POISON_SALT) >> 32) as u32,
        ]
    }

    fn receive(
        &self,
        workers: &mut [Replaceable; 2],
        sent: Sent,
    ) -> [Result<CheckReply, String>; 2] {
        let [candidate, baseline] = sent;
        let mut take = |worker: usize, sent: Result<(), String>| {
            sent?;
            let worker = &mut workers[worker];
            let running = worker
                .running()
                .ok_or_else(|| "its worker is gone".to_owned())?;
            running.checked(self.limit).map_err(|error| {
                worker.failed(&error);
                tell(&error)
            })
        };
        [take(0, candidate), take(1, baseline)]
    }

    fn judge(
        &mut self,
        case: &Case,
        replies: &[Result<CheckReply, String>; 2],
        workers: &mut [Replaceable; 2],
    ) -> Screened {
        let failures_before = self.book.failures();
        let mut findings: Vec<SideFindings> = Vec::new();
        for (reply, worker) in replies.iter().zip(workers) {
            let side = worker.side();
            self.book.note(
                gates::ALIVE,
                reply
                    .as_ref()
                    .err()
                    .map(|why| format!("`{}`, {side}: {why}", case.id)),
            );
            if let (Ok(reply), Some(running)) = (reply, worker.running()) {
                let mut judge = CaseJudge {
                    case,
                    oracle: self.oracle,
                    book: self.book,
                };
                findings.push(judge.judge(side, reply, running.shared(), NAN_POISON));
            }
        }
        if let ([candidate, baseline], Expect::Accepted) = (findings.as_slice(), case.expect) {
            let mut judge = CaseJudge {
                case,
                oracle: self.oracle,
                book: self.book,
            };
            judge.compare_sides(baseline, candidate, self.budget);
        }
        match replies {
            [Err(why), _] => Screened::Lost(format!("candidate: {why}")),
            [_, Err(why)] => Screened::Lost(format!("baseline: {why}")),
            [Ok(candidate), Ok(_)] if self.book.failures() == failures_before => {
                Screened::Passed(candidate.route.clone())
            }
            [Ok(candidate), Ok(_)] => Screened::Failed(candidate.route.clone()),
        }
    }
}

/// The error with its causes, on one line.
pub(super) fn tell(error: &WorkerError) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

/// Shared memory for one case: its outputs after either run.
fn area_bytes(case: &Case) -> u64 {
    let written = (0..case.storage_bytes.len()).filter(|storage| case.is_written(*storage));
    let outputs: u64 = written
        .map(|storage| case.storage_bytes[storage].next_multiple_of(64))
        .sum();
    (2 * outputs).next_multiple_of(4096)
}
