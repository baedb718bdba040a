//! One figure of two runs of the same sources.

use serde::Serialize;

use super::physics::Ratio;
use crate::replication::{HeadlineAgreement, RowAgreement, Said, Word};

/// A row or a row set, then and now.
#[derive(Serialize)]
pub(super) struct AgreementLine<'a> {
    row: Option<&'a str>,
    set: &'a str,
    reading: &'static str,
    changes_sides: bool,
    before: Option<Ratio>,
    after: Option<Ratio>,
    change: Option<Ratio>,
    /// Where states are compared, or one run has no figure.
    state_before: Option<&'a str>,
    state_after: Option<&'a str>,
}

impl<'a> AgreementLine<'a> {
    pub(super) fn of_row(row: &'a RowAgreement) -> Self {
        let (before, state_before) = said(&row.before);
        let (after, state_after) = said(&row.after);
        Self {
            row: Some(&row.id),
            set: &row.set,
            reading: reading(row.word),
            changes_sides: row.changes_sides(),
            before,
            after,
            change: row.change.map(Ratio::from),
            state_before,
            state_after,
        }
    }

    pub(super) fn of_set(set: &'a HeadlineAgreement) -> Self {
        Self {
            row: None,
            set: &set.set,
            reading: reading(set.word),
            changes_sides: false,
            before: Some(set.before.into()),
            after: set.after.map(Ratio::from),
            change: set.change.map(Ratio::from),
            state_before: None,
            state_after: None,
        }
    }
}

fn said(said: &Said) -> (Option<Ratio>, Option<&str>) {
    match said {
        Said::Speedup(interval) => (Some((*interval).into()), None),
        Said::State(state) => (None, Some(state)),
    }
}

fn reading(word: Word) -> &'static str {
    match word {
        Word::Agrees => "agrees",
        Word::WithinMargin => "within-margin",
        Word::Lower => "lower",
        Word::Higher => "higher",
        Word::Differs => "differs",
    }
}
