//! One figure of two runs, and how the later one reads.

use crate::ledger::SpeedupInterval;

#[derive(Clone, Debug, PartialEq)]
pub struct RowAgreement {
    pub id: String,
    pub set: String,
    pub before: Said,
    pub after: Said,
    /// Speedup after over speedup before, with Welch's interval.
    pub change: Option<SpeedupInterval>,
    pub word: Word,
}

#[derive(Clone, Debug, PartialEq)]
pub struct HeadlineAgreement {
    pub set: String,
    pub before: SpeedupInterval,
    /// Absent where the new run has no figure over the set.
    pub after: Option<SpeedupInterval>,
    pub change: Option<SpeedupInterval>,
    pub word: Word,
}

/// What a run says of a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Said {
    Speedup(SpeedupInterval),
    /// Its state, where there is no figure to compare.
    State(String),
}

/// How one figure of the new run stands to the earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// The interval of the ratio holds 1, or both runs ended alike.
    Agrees,
    /// It does not, but the ratio lies within the contract's margin (two one-sided tests at 5 %).
    WithinMargin,
    Lower,
    Higher,
    /// One run has no figure, or the runs ended otherwise.
    Differs,
}

impl Word {
    pub fn agrees(self) -> bool {
        matches!(self, Self::Agrees | Self::WithinMargin)
    }
}

impl RowAgreement {
    /// Whether it was faster than the baseline and is slower now, or the other way round, by whole intervals.
    pub fn changes_sides(&self) -> bool {
        match (&self.before, &self.after) {
            (Said::Speedup(before), Said::Speedup(after)) => {
                (before.low > 1.0 && after.high < 1.0) || (before.high < 1.0 && after.low > 1.0)
            }
            _ => false,
        }
    }
}
