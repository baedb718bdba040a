//! Every row and grid case through the gates, each side in a worker of its own.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use rayon::ThreadPoolBuilder;
use rayon::prelude::*;
use tracing::{debug, trace};

use super::judging::{Answer, Judged, Judging, NAN_POISON};
use super::losses::Losses;
use super::pair::{Replaceable, WorkerFactory};
use super::{Progress, RunOptions, SessionError};
use crate::crash::LostCall;
use crate::gate::{GateBook, Oracle, OracleError};
use crate::task::{Case, ErrorBudget, Expect};
use crate::toolchain::{Side, TaskLibraries};
use crate::worker::{CHECK_SET, CheckRequest, RouteReply, WorkerError};

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

/// Cases that one side runs before the other does, at most. Each turn costs a message either way and a change of the
/// GPU's context, which take as long as a short call.
const GROUP_CASES: usize = 8;

/// What the gates copy out of a group of several cases at most, in bytes.
const GROUP_BYTES: u64 = 64 << 20;

/// How much of a group was sent to a worker.
#[derive(Default)]
struct Sent {
    cases: usize,
    /// What came of the case behind them.
    error: Option<WorkerError>,
}

impl Screening<'_> {
    /// Screens every case and returns what became of it, by id. A worker that dies costs its case alone.
    ///
    /// One worker runs at a time, since two contexts on one GPU wait out each other's time slices. Meanwhile the parent
    /// judges what the other side gave, and computes what the next calls must give.
    pub(super) fn run(
        &mut self,
        cases: &[&Case],
        oracles: &mut [Vec<Oracle>; 2],
        progress: &dyn Progress,
    ) -> Result<BTreeMap<String, Screened>, SessionError> {
        let area = gated_bytes(cases);
        let start = |side| Replaceable::start(self.factory, side, area);
        let (candidate, baseline) =
            rayon::join(|| start(Side::Candidate), || start(Side::Baseline));
        let (mut candidate, mut baseline) = (candidate?, baseline?);
        let mut screened = BTreeMap::new();
        progress.begin("gates", cases.len());
        let mut spent = WorkerTime::default();
        let judging = Judging {
            built: self.built,
            budget: self.budget,
            blind: &self.options.blind,
        };
        let groups = groups(cases);
        // Threads of its own: comparisons would wait behind all that the oracle has still to do.
        let oracle_pool = ThreadPoolBuilder::new()
            .num_threads(rayon::current_num_threads())
            .build()
            .expect("threads should start beside those that have");
        let seed = self.options.seed;
        let first: &[&Case] = groups.first().copied().unwrap_or_default();
        compute(&mut oracles[0], first, seed)?;
        let mut sent = self.send(&mut candidate, first, 0)?;
        for (number, group) in groups.iter().enumerate() {
            self.options.check_interrupt()?;
            let following = groups.get(number + 1);
            let [even, odd] = &mut *oracles;
            let (oracles, next_oracles) = match number % 2 {
                0 => (&*even, odd),
                _ => (&*odd, even),
            };
            let mut ahead = Ok(());
            let mut judged = Instant::now();
            let fates = oracle_pool.in_place_scope(|scope| {
                // What the next calls must give, while these are run and judged.
                scope.spawn(|_| {
                    if let Some(next) = following {
                        ahead = compute(next_oracles, next, seed);
                    }
                });
                // The candidate first: it never runs in the wake of the baseline's same call.
                let sent_candidate = std::mem::take(&mut sent);
                let ours = self.receive(&mut candidate, group, sent_candidate, &mut spent)?;
                let sent_baseline = self.send(&mut baseline, group, 0)?;
                let found = judging.candidates(group, oracles, &ours);
                let theirs = self.receive(&mut baseline, group, sent_baseline, &mut spent)?;
                if let Some(next) = following {
                    sent = self.send(&mut candidate, next, 0)?;
                }
                let expected = judging.baselines(group, oracles, &theirs, &found);
                let passed = |(found, expected): (Judged, Judged)| {
                    let passed = found.book.all_passed() && expected.book.all_passed();
                    self.book.add(found.book);
                    self.book.add(expected.book);
                    passed
                };
                let passed = found.into_iter().zip(expected).map(passed);
                let fates: Vec<Screened> = (ours.into_iter().zip(theirs))
                    .zip(passed)
                    .map(|((ours, theirs), passed)| fate(ours, theirs, passed))
                    .collect();
                judged = Instant::now();
                Ok::<_, SessionError>(fates)
            })?;
            spent.behind += judged.elapsed();
            ahead?;
            for (case, fate) in group.iter().zip(fates) {
                screened.insert(case.id.clone(), fate);
                progress.step(&case.id);
            }
        }
        let oracles = || oracles.iter().flatten().map(Oracle::spent);
        debug!(
            waited = spent.waited.as_secs_f64(),
            behind = spent.behind.as_secs_f64(),
            worker_ms = ?spent.laps,
            drawing = oracles().map(|spent| spent.drawing.as_secs_f64()).sum::<f64>(),
            oracle = oracles().map(|spent| spent.running.as_secs_f64()).sum::<f64>(),
            "seconds in which a worker was waited for, those in which the oracle was behind, and its own"
        );
        progress.end();
        Ok(screened)
    }

    /// Sends the cases of a group from the one at `first` on to one side.
    fn send(
        &self,
        worker: &mut Replaceable,
        group: &[&Case],
        first: usize,
    ) -> Result<Sent, SessionError> {
        let mut sent = Sent {
            cases: first,
            error: None,
        };
        let side = worker.side();
        let Some(running) = worker.worker()? else {
            return Ok(sent);
        };
        for (place, case) in group.iter().enumerate().skip(first) {
            let request = CheckRequest {
                case: (*case).clone(),
                side,
                seed: self.options.seed,
                poison: self.poison(),
                area: copied_bytes(&group[..place]),
            };
            match running.send_check(request) {
                Ok(()) => sent.cases += 1,
                Err(error) => {
                    sent.error = Some(error);
                    break;
                }
            }
        }
        Ok(sent)
    }

    /// One reply a case. What a worker dies of is the first case without an answer; a new one gets those behind it.
    fn receive(
        &self,
        worker: &mut Replaceable,
        group: &[&Case],
        mut sent: Sent,
        spent: &mut WorkerTime,
    ) -> Result<Vec<Result<Answer, String>>, SessionError> {
        let mut replies = Vec::with_capacity(group.len());
        for (place, case) in group.iter().enumerate() {
            let outcome = match worker.running() {
                Some(running) if place < sent.cases => {
                    let start = Instant::now();
                    let reply = running.checked(self.options.limit);
                    spent.waited += start.elapsed();
                    let memory = running.shared_memory();
                    let answer = reply.map(|reply| Answer { reply, memory });
                    answer.map_err(|error| match error.worker_is_usable() {
                        true => error,
                        // What broke the sending says more than the silence that follows.
                        false => sent.error.take().unwrap_or(error),
                    })
                }
                _ => match sent.error.take() {
                    Some(error) => Err(error),
                    None => {
                        let why = "not run: too many of its workers have died";
                        replies.push(Err(why.to_owned()));
                        continue;
                    }
                },
            };
            replies.push(match outcome {
                Ok(answer) => {
                    trace!(case = case.id, spent_ms = ?answer.reply.spent, "checked");
                    for (what, ms) in &answer.reply.spent {
                        *spent.laps.entry(what.clone()).or_default() += ms;
                    }
                    Ok(answer)
                }
                Err(error) => {
                    let why = self.lose(case, worker, &error);
                    if worker.running().is_none() {
                        sent = self.send(worker, group, place + 1)?;
                    }
                    Err(why)
                }
            });
        }
        Ok(replies)
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
}

/// Oracles for [`Screening::run`]: one a case for a group that is judged, and as many for the one behind it.
pub(super) fn load_oracles(library: &Path) -> Result<[Vec<Oracle>; 2], OracleError> {
    let load = || -> Result<Vec<Oracle>, OracleError> {
        (0..GROUP_CASES).map(|_| Oracle::load(library)).collect()
    };
    Ok([load()?, load()?])
}

/// Cases in their order, some that one side runs in a row.
fn groups<'g, 'c>(cases: &'g [&'c Case]) -> Vec<&'g [&'c Case]> {
    let mut groups = Vec::new();
    let mut rest = cases;
    while !rest.is_empty() {
        let most = rest.len().min(GROUP_CASES);
        let fits = |count: &usize| copied_bytes(&rest[..*count]) <= GROUP_BYTES;
        let count = (1..=most).take_while(fits).last().unwrap_or(1);
        let (group, behind) = rest.split_at(count);
        groups.push(group);
        rest = behind;
    }
    groups
}

/// What the gates copy out of these cases: outputs after either run.
fn copied_bytes(cases: &[&Case]) -> u64 {
    cases.iter().map(|case| 2 * case.output_bytes()).sum()
}

/// Memory for what the gates copy out of any group.
pub(super) fn gated_bytes(cases: &[&Case]) -> u64 {
    let groups = groups(cases).into_iter();
    groups.map(copied_bytes).max().unwrap_or(0)
}

/// What the oracle has to say of calls that the contract accepts.
fn compute(oracles: &mut [Oracle], group: &[&Case], seed: u64) -> Result<(), SessionError> {
    let cases = oracles.par_iter_mut().zip(group);
    cases.try_for_each(|(oracle, case)| match case.expect {
        Expect::Accepted => Ok(oracle.compute(case, seed, CHECK_SET)?),
        Expect::Refused => Ok(()),
    })
}

fn fate(ours: Result<Answer, String>, theirs: Result<Answer, String>, passed: bool) -> Screened {
    match (ours, theirs) {
        (Err(why), _) => Screened::Lost(format!("candidate: {why}")),
        (_, Err(why)) => Screened::Lost(format!("baseline: {why}")),
        (Ok(ours), Ok(theirs)) if passed => Screened::Passed {
            route: ours.reply.route,
            graphs: [theirs.reply.graph.fingerprint, ours.reply.graph.fingerprint],
        },
        (Ok(ours), Ok(_)) => Screened::Failed(ours.reply.route),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::{Task, names};

    #[test]
    fn groups_are_all_cases_in_order_and_large_ones_are_alone() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let (mut largest, mut alone) = (0, 0);
        for name in names(root).expect("the tasks should be listed") {
            let task = Task::load(root, &name).expect("the tasks should load");
            let cases: Vec<&Case> = task.rows.iter().chain(&task.grid).collect();
            let (groups, area) = (groups(&cases), gated_bytes(&cases));
            let ids =
                |cases: &[&Case]| cases.iter().map(|case| case.id.clone()).collect::<Vec<_>>();
            assert_eq!(ids(&groups.concat()), ids(&cases), "{name}");
            for group in groups {
                let bytes = copied_bytes(group);
                assert!((1..=GROUP_CASES).contains(&group.len()));
                assert!(group.len() == 1 || bytes <= GROUP_BYTES, "{bytes}");
                assert!(bytes <= area);
                largest = largest.max(group.len());
                alone += usize::from(bytes > GROUP_BYTES);
            }
        }
        assert_eq!(largest, GROUP_CASES);
        assert!(alone > 0);
    }
}
