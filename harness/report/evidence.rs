//! Whether an entry's figures may be shown as results, and how much of it there is.

use crate::ledger::{EMULATED, Entry, Outcome, RowState};

pub(crate) fn is_emulated(entry: &Entry) -> bool {
    entry.gpu == EMULATED
}

/// Only what a GPU measured, and only with every gate passed and the run's own controls. A row that was lost takes the
/// claim over the set, not the figures of the other rows.
pub(crate) fn figures_stand(entry: &Entry) -> bool {
    let admissible = entry
        .controls
        .as_ref()
        .is_none_or(|controls| controls.admissible);
    let sound = !entry.gates.is_empty() && gates_passed(entry) == entry.gates.len();
    !is_emulated(entry) && sound && admissible
}

pub(super) fn gates_passed(entry: &Entry) -> usize {
    entry
        .gates
        .iter()
        .filter(|gate| gate.outcome == Outcome::Passed)
        .count()
}

pub(super) fn rows_measured(entry: &Entry) -> usize {
    entry
        .rows
        .iter()
        .filter(|row| row.state == RowState::Measured)
        .count()
}
