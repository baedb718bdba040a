//! Whether an entry's figures may be shown as results.

use crate::ledger::{Entry, Outcome};

/// The name that stands for the device in emulated entries.
const EMULATED: &str = "emulated";

pub(super) fn is_emulated(entry: &Entry) -> bool {
    entry.gpu == EMULATED
}

/// Only what a GPU measured, and only with every gate passed. A row that was lost takes the claim over the set, not
/// the figures of the other rows.
pub(super) fn figures_stand(entry: &Entry) -> bool {
    let gates_passed = entry
        .gates
        .iter()
        .all(|gate| gate.outcome == Outcome::Passed);
    !is_emulated(entry) && !entry.gates.is_empty() && gates_passed
}
