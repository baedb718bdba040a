//! Answers of the gates' workers, judged: by what the oracle expects, and the candidate's against the baseline's.

use std::sync::Arc;

use rayon::prelude::*;

use crate::gate::{CaseJudge, GateBook, Oracle, SideFindings, gates};
use crate::task::{Case, ErrorBudget, Expect};
use crate::toolchain::{Side, TaskLibraries};
use crate::worker::{CheckReply, SharedMemory};

/// The first poison: a NaN in every float type, -1 in the integers.
pub(super) const NAN_POISON: u32 = 0xFFFF_FFFF;

/// What one side gave for a case.
pub(super) struct Answer {
    pub(super) reply: CheckReply,
    /// Where its outputs lie, also when the worker has died since.
    pub(super) memory: Arc<SharedMemory>,
}

/// What judges an answer, on any thread.
#[derive(Clone, Copy)]
pub(super) struct Judging<'a> {
    pub(super) built: &'a TaskLibraries,
    pub(super) budget: Option<&'a ErrorBudget>,
    pub(super) blind: &'a [String],
}

/// What the gates saw of one side's call.
pub(super) struct Judged {
    /// `None` where there was no answer.
    findings: Option<SideFindings>,
    pub(super) book: GateBook,
}

impl Judging<'_> {
    /// The candidate's answers to a group of cases.
    pub(super) fn candidates(
        self,
        group: &[&Case],
        oracles: &[Oracle],
        answers: &[Result<Answer, String>],
    ) -> Vec<Judged> {
        (group.par_iter().zip(oracles))
            .zip(answers)
            .map(|((case, oracle), answer)| self.judge(case, oracle, Side::Candidate, answer))
            .collect()
    }

    /// The baseline's, and the candidate's against them.
    pub(super) fn baselines(
        self,
        group: &[&Case],
        oracles: &[Oracle],
        answers: &[Result<Answer, String>],
        found: &[Judged],
    ) -> Vec<Judged> {
        let judge = |((case, oracle), (answer, found)): ((&&Case, &Oracle), (_, &Judged))| {
            let mut judged = self.judge(case, oracle, Side::Baseline, answer);
            if let (Some(found), Some(expected), Expect::Accepted) =
                (&found.findings, &judged.findings, case.expect)
            {
                let mut judge = CaseJudge {
                    case,
                    oracle,
                    book: &mut judged.book,
                };
                judge.compare_sides(expected, found, self.budget);
            }
            judged
        };
        (group.par_iter().zip(oracles))
            .zip(answers.par_iter().zip(found))
            .map(judge)
            .collect()
    }

    fn judge(
        self,
        case: &Case,
        oracle: &Oracle,
        side: Side,
        answer: &Result<Answer, String>,
    ) -> Judged {
        let mut book = GateBook::blind_to(self.blind);
        let tell = |why: &String| format!("`{}`, {side}: {why}", case.id);
        book.note(gates::ALIVE, answer.as_ref().err().map(tell));
        let findings = answer.as_ref().ok().map(|Answer { reply, memory }| {
            let mut judge = CaseJudge {
                case,
                oracle,
                book: &mut book,
            };
            let findings = judge.judge(side, reply, memory.bytes(), NAN_POISON);
            let stranger = self
                .stranger(side, reply)
                .map(|name| format!("`{}`, {side}: {name} is no kernel of its object", case.id));
            book.note(gates::GRAPH, stranger);
            findings
        });
        Judged { findings, book }
    }

    /// A launched kernel that is not among those that were compiled for the side, or for the baseline behind it. Objects
    /// for the host list none.
    fn stranger(self, side: Side, reply: &CheckReply) -> Option<&str> {
        let object = match (side, reply.declined) {
            (Side::Candidate, false) => &self.built.candidate,
            _ => &self.built.baseline,
        };
        let known = &object.facts.kernels;
        let mut launched = reply.graph.kernels();
        launched.find(|name| !known.is_empty() && known.iter().all(|kernel| kernel.name != *name))
    }
}
