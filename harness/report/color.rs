//! Colour, where it was asked for.

use crate::ledger::{Decision, Verdict};

/// Whether text may carry colour; decided by who knows where it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Color {
    Yes,
    No,
}

/// What a word says about the candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    Plain,
    Good,
    Bad,
    Unsure,
}

impl Color {
    /// `text` in the colour of `tone` (SGR codes of ECMA-48: 32 green, 31 red, 33 yellow, 0 reset).
    pub fn paint(self, tone: Tone, text: &str) -> String {
        let code = match (self, tone) {
            (Self::No, _) | (_, Tone::Plain) => return text.to_owned(),
            (Self::Yes, Tone::Good) => 32,
            (Self::Yes, Tone::Bad) => 31,
            (Self::Yes, Tone::Unsure) => 33,
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }
}

impl From<Decision> for Tone {
    fn from(decision: Decision) -> Self {
        match decision {
            Decision::Promote => Self::Good,
            Decision::Reject | Decision::Invalid => Self::Bad,
            Decision::Inadmissible | Decision::Inconclusive => Self::Unsure,
            Decision::NoVerdict => Self::Plain,
        }
    }
}

impl From<Verdict> for Tone {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Material | Verdict::Faster => Self::Good,
            Verdict::Slower => Self::Bad,
            Verdict::Inconclusive => Self::Unsure,
            Verdict::Equal => Self::Plain,
        }
    }
}
