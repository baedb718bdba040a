//! Judging one checked case.

use super::compare::{Mismatch, compare};
use super::{GateBook, Oracle, gates};
use crate::task::{Case, ErrorBudget, Expect};
use crate::tensor::{Role, TensorSpec};
use crate::toolchain::Side;
use crate::worker::{CheckReply, OutputCopy, SideStatus};

/// What is kept of one side for comparing both.
#[derive(Clone, Debug, Default)]
pub struct SideFindings {
    /// Largest error of each output against the oracle.
    max_errors: Vec<f64>,
    /// Hash of each output's elements, where both sides must agree bit by bit.
    hashes: Vec<blake3::Hash>,
}

/// Judges replies to one case.
pub struct CaseJudge<'a> {
    pub case: &'a Case,
    pub oracle: &'a Oracle,
    pub book: &'a mut GateBook,
}

impl CaseJudge<'_> {
    /// Judges what a worker replied, with the outputs in `shared`; `poison` is what they held before the first run.
    pub fn judge(
        &mut self,
        side: Side,
        reply: &CheckReply,
        shared: &[u8],
        poison: u32,
    ) -> SideFindings {
        let whole = |damage: u64| {
            (damage > 0).then(|| format!("{damage} guard words around its buffers changed"))
        };
        self.note(side, gates::GUARDS, whole(reply.guard_damage));
        let changed = reply.inputs_changed.then(|| "an input changed".to_owned());
        self.note(side, gates::INPUTS, changed);
        let settings = (!reply.device_changes.is_empty()).then(|| reply.device_changes.join("; "));
        self.note(side, gates::DEVICE_STATE, settings);
        self.route(side, reply);
        if self.case.expect == Expect::Refused {
            self.refusal(side, reply);
            return SideFindings::default();
        }
        let served = reply.status == SideStatus::Ok;
        self.note(
            side,
            gates::SERVED,
            (!served).then(|| format!("answered {}", reply.status)),
        );
        if !served {
            return SideFindings::default();
        }
        let idle =
            reply.graph.nodes.is_empty() && self.case.outputs().any(|spec| spec.elements() > 0);
        let fault = match idle {
            true => Some("the captured call launches nothing".to_owned()),
            false => (!reply.graph_faults.is_empty()).then(|| reply.graph_faults.join("; ")),
        };
        self.note(side, gates::GRAPH, fault);
        if self.case.outputs().all(|spec| spec.repeatable) {
            let differs = (!reply.second_outputs.is_empty())
                .then(|| "the second run on the same inputs differs".to_owned());
            self.note(side, gates::REPEATABLE, differs);
        }
        if !reply.second_outputs.is_empty() {
            self.outputs(side, &reply.second_outputs, shared, None);
        }
        self.outputs(side, &reply.outputs, shared, Some(poison))
    }

    /// Compares both sides: error budget and equal bits.
    pub fn compare_sides(
        &mut self,
        baseline: &SideFindings,
        candidate: &SideFindings,
        budget: Option<&ErrorBudget>,
    ) {
        let outputs: Vec<&TensorSpec> = self.case.outputs().collect();
        if let Some(budget) = budget {
            for ((spec, ours), theirs) in outputs
                .iter()
                .zip(&candidate.max_errors)
                .zip(&baseline.max_errors)
            {
                let floor = budget.floor.get(&spec.dtype).copied().unwrap_or(0.0);
                let allowed = budget.factor * theirs + floor;
                let failure = (*ours > allowed).then(|| {
                    format!(
                        "`{}`: error {ours:.3e}, allowed {allowed:.3e} (baseline {theirs:.3e})",
                        spec.name
                    )
                });
                self.note(Side::Candidate, gates::ERROR_BUDGET, failure);
            }
        }
        if self.case.same_bits_as_baseline {
            let same = baseline.hashes == candidate.hashes;
            self.note(
                Side::Candidate,
                gates::SAME_BITS,
                (!same).then(|| "its bits are not the baseline's".to_owned()),
            );
        }
    }

    /// Outputs of timed replays or of replays on fresh inputs, which `gate` says, in one word a side and set.
    pub fn replayed(&mut self, gate: &str, side: Side, copies: &[OutputCopy], shared: &[u8]) {
        let mut failure = None;
        for (number, spec) in self.case.outputs().enumerate() {
            let Some(storage) = storage_bytes(copies, spec, shared) else {
                failure.get_or_insert(format!("`{}` was not handed over", spec.name));
                continue;
            };
            let comparison = compare(
                spec,
                storage,
                self.oracle.expected(spec, number),
                self.case.tolerance,
            );
            let mismatches = [
                &comparison.non_finite,
                &comparison.tolerance,
                &comparison.bitwise,
            ];
            if let Some(mismatch) = mismatches.into_iter().flatten().next() {
                failure.get_or_insert(explain(spec, mismatch, storage, None));
            }
        }
        self.note(side, gate, failure);
    }

    fn note(&mut self, side: Side, gate: &str, failure: Option<String>) {
        self.book.note(
            gate,
            failure.map(|failure| format!("`{}`, {side}: {failure}", self.case.id)),
        );
    }

    fn route(&mut self, side: Side, reply: &CheckReply) {
        let route = &reply.route;
        let expected = if reply.declined {
            SideStatus::Declined
        } else {
            reply.status
        };
        let failure = if route.status != expected {
            Some(format!(
                "kda_route answers {}, kda_launch {expected}",
                route.status
            ))
        } else if route.declined != reply.declined {
            Some(format!(
                "kda_route says declined = {}, kda_launch declined = {}",
                route.declined, reply.declined
            ))
        } else if expected == SideStatus::Ok && (route.bucket.is_empty() || route.path.is_empty()) {
            Some("kda_route names no bucket or no path".to_owned())
        } else {
            None
        };
        self.note(side, gates::ROUTE, failure);
    }

    fn refusal(&mut self, side: Side, reply: &CheckReply) {
        let failure = if reply.status != SideStatus::InvalidArgument {
            Some(format!(
                "answered {} instead of KDA_INVALID_ARGUMENT",
                reply.status
            ))
        } else if !reply.graph.nodes.is_empty() {
            Some(format!(
                "refused, but launched {}",
                reply.graph.nodes.join(", ")
            ))
        } else if reply.refused_damage > 0 {
            Some(format!(
                "refused, but wrote {} words of its outputs",
                reply.refused_damage
            ))
        } else {
            None
        };
        self.note(side, gates::REFUSED, failure);
    }

    fn outputs(
        &mut self,
        side: Side,
        copies: &[OutputCopy],
        shared: &[u8],
        poison: Option<u32>,
    ) -> SideFindings {
        let mut findings = SideFindings::default();
        let case = self.case;
        for (number, spec) in case.outputs().enumerate() {
            let Some(storage) = storage_bytes(copies, spec, shared) else {
                self.note(
                    side,
                    gates::WRITTEN,
                    Some(format!("`{}` was not handed over", spec.name)),
                );
                continue;
            };
            let poison = poison.filter(|_| spec.role == Role::Out);
            let comparison = compare(
                spec,
                storage,
                self.oracle.expected(spec, number),
                case.tolerance,
            );
            let explained = |mismatch: &Option<Mismatch>| {
                mismatch
                    .as_ref()
                    .map(|mismatch| explain(spec, mismatch, storage, poison))
            };
            let untouched = [
                &comparison.non_finite,
                &comparison.tolerance,
                &comparison.bitwise,
            ]
            .into_iter()
            .flatten()
            .find(|mismatch| {
                poison.is_some_and(|poison| holds_poison(spec, mismatch.index, storage, poison))
            })
            .map(|mismatch| {
                format!(
                    "`{}`{:?} is not written",
                    spec.name,
                    spec.coordinates(mismatch.index)
                )
            });
            self.note(side, gates::WRITTEN, untouched);
            if spec.bitwise {
                self.note(side, gates::BITWISE, explained(&comparison.bitwise));
            } else {
                self.note(side, gates::NON_FINITE, explained(&comparison.non_finite));
                self.note(side, gates::TOLERANCE, explained(&comparison.tolerance));
            }
            findings.max_errors.push(comparison.max_error);
            if case.same_bits_as_baseline {
                findings.hashes.push(blake3::hash(storage));
            }
        }
        findings
    }
}

fn storage_bytes<'a>(
    copies: &[OutputCopy],
    spec: &TensorSpec,
    shared: &'a [u8],
) -> Option<&'a [u8]> {
    let copied = copies
        .iter()
        .find(|copy| copy.storage == spec.storage)?
        .copied;
    let bytes = shared
        .get(copied.offset as usize..)?
        .get(..copied.bytes as usize)?;
    // The worker says where it put how much; what it says is checked before anything is read.
    (spec.extent() as u64 * spec.dtype.bytes() as u64 <= copied.bytes).then_some(bytes)
}

fn element<'a>(spec: &TensorSpec, index: u64, storage: &'a [u8]) -> (usize, &'a [u8]) {
    let size = spec.dtype.bytes();
    let start = spec.position(index) as usize * size;
    (start, &storage[start..][..size])
}

/// Whether an element still holds the painted pattern. Storages start at multiples of four, so the place in the storage
/// tells the place in the pattern.
fn holds_poison(spec: &TensorSpec, index: u64, storage: &[u8], poison: u32) -> bool {
    let (start, bytes) = element(spec, index, storage);
    (start..)
        .zip(bytes)
        .all(|(place, byte)| *byte == poison.to_le_bytes()[place % 4])
}

fn explain(spec: &TensorSpec, mismatch: &Mismatch, storage: &[u8], poison: Option<u32>) -> String {
    let more = match mismatch.count {
        1 => String::new(),
        count => format!(", {count} elements in all"),
    };
    let unwritten =
        poison.is_some_and(|poison| holds_poison(spec, mismatch.index, storage, poison));
    format!(
        "`{}`{:?}: expected {}, found {}{}{more}",
        spec.name,
        spec.coordinates(mismatch.index),
        mismatch.expected,
        mismatch.found,
        if unwritten { " (never written)" } else { "" },
    )
}
