//! Every row and grid case through the gates, each side in a worker of its own.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use tracing::{debug, trace};

use super::losses::Losses;
use super::pair::{Replaceable, WorkerFactory};
use super::{Progress, RunOptions, SessionError};
use crate::crash::LostCall;
use crate::gate::{CaseJudge, GateBook, Oracle, SideFindings, gates};
use crate::task::{Case, ErrorBudget, Expect};
use crate::toolchain::{Side, TaskLibraries};
use crate::worker::{CHECK_SET, CheckReply, CheckRequest, RouteReply, WorkerError};

/// The first poison: a NaN in every float type, -1 in the integers.
pub(super) const NAN_POISON: u32 = 0xFFFF_FFFF;

/// Keeps the second poison apart from everything else that the seed draws.
const POISON_SALT: u64 = 0xD1B5_4A32_D192_ED03;

/// What the gates leave of a case.
#[derive(Clone, Debug)]
pub(super) enum Screened {
    Passed {
        route: RouteReply,
        /// Fingerprints of the graphs of baseline and candidate.
        graphs: [String; 2],
    },
    /// Some gate failed on it.
    Failed(RouteReply),
    /// A gate that needs no run failed: nothing was loaded.
    NotRun,
    Lost(String),
}

/// What the workers' time went into.
#[derive(Default)]
struct WorkerTime {
    /// In which the parent had nothing else to do.
    waited: Duration,
    /// In which the next call's oracle was all that was waited for.
    behind: Duration,
    /// Milliseconds by what they did.
    laps: BTreeMap<String, f64>,
}

/// Sends cases to both workers and judges the replies.
pub(super) struct Screening<'a> {
    pub(super) factory: &'a WorkerFactory,
    pub(super) book: &'a mut GateBook,
    pub(super) budget: Option<&'a ErrorBudget>,
    pub(super) options: &'a RunOptions,
    pub(super) built: &'a TaskLibraries,
    pub(super) losses: &'a Losses<'a>,
}

impl Screening<'_> {
    /// Screens every case and returns what became of it, by id. A worker that dies costs its case alone.
    ///
    /// One worker runs at a time, since two contexts on one GPU wait out each other's time slices. Meanwhile the parent
    /// judges what the other side gave, and computes what the next call must give.
    pub(super) fn run(
        &mut self,
        cases: &[&Case],
        oracles: &mut [Oracle; 2],
        progress: &dyn Progress,
    ) -> Result<BTreeMap<String, Screened>, SessionError> {
        let area = gated_bytes(cases.iter().copied());
        let start = |side| Replaceable::start(self.factory, side, area);
        let (candidate, baseline) =
            rayon::join(|| start(Side::Candidate), || start(Side::Baseline));
        let (mut candidate, mut baseline) = (candidate?, baseline?);
        let mut screened = BTreeMap::new();
        progress.begin("gates", cases.len());
        let mut spent = WorkerTime::default();
        let mut sent = match cases.first() {
            Some(case) => {
                compute(&mut oracles[0], case, self.options.seed)?;
                self.send(&mut candidate, case)?
            }
            None => Ok(()),
        };
        for (number, case) in cases.iter().enumerate() {
            self.options.check_interrupt()?;
            let following = cases.get(number + 1);
            let [even, odd] = &mut *oracles;
            let (oracle, next_oracle) = if number % 2 == 0 {
                (&*even, odd)
            } else {
                (&*odd, even)
            };
            let seed = self.options.seed;
            let failures = self.book.failures();
            let mut ahead = Ok(());
            let mut judged = Instant::now();
            let fate = rayon::in_place_scope(|scope| {
                // What the next call must give, while this one is run and judged.
                scope.spawn(|_| {
                    if let Some(next) = following {
                        ahead = compute(next_oracle, next, seed);
                    }
                });
                // The candidate first: it never runs in the wake of the baseline's call.
                let ours = self.receive(
                    case,
                    &mut candidate,
                    std::mem::replace(&mut sent, Ok(())),
                    &mut spent,
                );
                let sent_baseline = self.send(&mut baseline, case)?;
                let found = self.judge(case, oracle, &mut candidate, &ours);
                let theirs = self.receive(case, &mut baseline, sent_baseline, &mut spent);
                if let Some(next) = following {
                    sent = self.send(&mut candidate, next)?;
                }
                let expected = self.judge(case, oracle, &mut baseline, &theirs);
                if let (Some(found), Some(expected), Expect::Accepted) =
                    (found, expected, case.expect)
                {
                    let mut judge = CaseJudge {
                        case,
                        oracle,
                        book: self.book,
                    };
                    judge.compare_sides(&expected, &found, self.budget);
                }
                judged = Instant::now();
                Ok::<_, SessionError>(fate(ours, theirs, self.book.failures() == failures))
            })?;
            spent.behind += judged.elapsed();
            ahead?;
            screened.insert(case.id.clone(), fate);
            progress.step(&case.id);
        }
        let oracle = oracles.each_ref().map(Oracle::spent);
        debug!(
            waited = spent.waited.as_secs_f64(),
            behind = spent.behind.as_secs_f64(),
            worker_ms = ?spent.laps,
            drawing = (oracle[0].drawing + oracle[1].drawing).as_secs_f64(),
            oracle = (oracle[0].running + oracle[1].running).as_secs_f64(),
            "seconds in which a worker was waited for, those in which the oracle was behind, and its own"
        );
        progress.end();
        Ok(screened)
    }

    /// Sends a case to one side; the inner error says why it could not be sent.
    fn send(
        &self,
        worker: &mut Replaceable,
        case: &Case,
    ) -> Result<Result<(), String>, SessionError> {
        let request = CheckRequest {
            case: case.clone(),
            side: worker.side(),
            seed: self.options.seed,
            poison: self.poison(),
        };
        let Some(running) = worker.worker()? else {
            return Ok(Err("not run: too many of its workers have died".to_owned()));
        };
        let sent = running.send_check(request);
        Ok(sent.map_err(|error| self.lose(case, worker, &error)))
    }

    /// Keeps a dump of the call that came to `error`, and says why it was lost.
    fn lose(&self, case: &Case, worker: &mut Replaceable, error: &WorkerError) -> String {
        let call = LostCall::Check {
            side: worker.side(),
            seed: self.options.seed,
            poison: self.poison(),
        };
        let said = worker
            .running()
            .map_or_else(String::new, |worker| worker.said());
        self.losses.keep(case, call, error, &said);
        worker.failed(error);
        tell(error)
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
        case: &Case,
        worker: &mut Replaceable,
        sent: Result<(), String>,
        spent: &mut WorkerTime,
    ) -> Result<CheckReply, String> {
        sent?;
        let start = Instant::now();
        let running = worker
            .running()
            .ok_or_else(|| "its worker is gone".to_owned())?;
        let reply = running.checked(self.options.limit);
        spent.waited += start.elapsed();
        if let Ok(reply) = &reply {
            trace!(case = case.id, waited_ms = start.elapsed().as_secs_f64() * 1e3, spent_ms = ?reply.spent, "checked");
            for (what, ms) in &reply.spent {
                *spent.laps.entry(what.clone()).or_default() += ms;
            }
        }
        reply.map_err(|error| self.lose(case, worker, &error))
    }

    fn judge(
        &mut self,
        case: &Case,
        oracle: &Oracle,
        worker: &mut Replaceable,
        reply: &Result<CheckReply, String>,
    ) -> Option<SideFindings> {
        let side = worker.side();
        self.book.note(
            gates::ALIVE,
            reply
                .as_ref()
                .err()
                .map(|why| format!("`{}`, {side}: {why}", case.id)),
        );
        let (Ok(reply), Some(running)) = (reply, worker.running()) else {
            return None;
        };
        let mut judge = CaseJudge {
            case,
            oracle,
            book: self.book,
        };
        let findings = judge.judge(side, reply, running.shared(), NAN_POISON);
        let stranger = self.stranger(side, reply);
        self.book.note(
            gates::GRAPH,
            stranger
                .map(|name| format!("`{}`, {side}: {name} is no kernel of its object", case.id)),
        );
        Some(findings)
    }

    /// A launched kernel that is not among those that were compiled for the side, or for the baseline behind it. Objects
    /// for the host list none.
    fn stranger<'r>(&self, side: Side, reply: &'r CheckReply) -> Option<&'r str> {
        let object = match (side, reply.declined) {
            (Side::Candidate, false) => &self.built.candidate,
            _ => &self.built.baseline,
        };
        let known = &object.facts.kernels;
        let mut launched = reply.graph.kernels();
        launched.find(|name| !known.is_empty() && known.iter().all(|kernel| kernel.name != *name))
    }
}

/// Memory for what the gates copy out: outputs after either run.
pub(super) fn gated_bytes<'c>(cases: impl Iterator<Item = &'c Case>) -> u64 {
    cases.map(|case| 2 * case.output_bytes()).max().unwrap_or(0)
}

/// What the oracle has to say of a call that the contract accepts.
fn compute(oracle: &mut Oracle, case: &Case, seed: u64) -> Result<(), SessionError> {
    match case.expect {
        Expect::Accepted => Ok(oracle.compute(case, seed, CHECK_SET)?),
        Expect::Refused => Ok(()),
    }
}

fn fate(
    ours: Result<CheckReply, String>,
    theirs: Result<CheckReply, String>,
    passed: bool,
) -> Screened {
    match (ours, theirs) {
        (Err(why), _) => Screened::Lost(format!("candidate: {why}")),
        (_, Err(why)) => Screened::Lost(format!("baseline: {why}")),
        (Ok(ours), Ok(theirs)) if passed => Screened::Passed {
            route: ours.route,
            graphs: [theirs.graph.fingerprint, ours.graph.fingerprint],
        },
        (Ok(ours), Ok(_)) => Screened::Failed(ours.route),
    }
}

/// The error with its causes, on one line.
pub(crate) fn tell(error: &WorkerError) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
