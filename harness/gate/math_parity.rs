//! A candidate may not win by rounding worse: it approximates what the baseline approximates.

use super::objects::{Objects, list};

/// Approximate and narrow opcodes of the candidate that neither the baseline nor the contract has. Libraries count: the
/// exponential of an exact `expf` is `ex2.approx` inside, so that its error budget is what holds a bare one.
pub(super) fn check_math_parity(objects: &Objects<'_>) -> Option<String> {
    let ours = &objects.built.baseline.facts.approximations;
    let granted = &objects.task.contract.candidate.approximate;
    let theirs = objects.built.candidate.facts.approximations.keys();
    let extra: Vec<&str> = theirs
        .filter(|opcode| !ours.contains_key(*opcode) && !granted.contains(opcode))
        .map(String::as_str)
        .collect();
    (!extra.is_empty()).then(|| {
        format!(
            "the candidate's PTX has {}, which the baseline's has not; use what the baseline uses, or let the contract \
             grant it under [candidate] approximate",
            list(extra)
        )
    })
}
