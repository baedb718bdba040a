//! The words of the record's enums, as the ledger stores them and reports print them.

use std::fmt;

use super::{BoundClass, BucketDecision, ControlKind, Decision, Outcome, RowState, Verdict};

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Promote => "promote",
            Self::Reject => "reject",
            Self::Invalid => "invalid",
            Self::Inadmissible => "inadmissible",
            Self::Inconclusive => "inconclusive",
            Self::NoVerdict => "no-verdict",
        })
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Material => "material",
            Self::Faster => "faster",
            Self::Equal => "equal",
            Self::Slower => "slower",
            Self::Inconclusive => "inconclusive",
        })
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
        })
    }
}

impl fmt::Display for RowState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Measured => "measured",
            Self::NotTimed => "not-timed",
            Self::Lost => "lost",
        })
    }
}

impl fmt::Display for BoundClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Memory => "memory",
            Self::Compute => "compute",
            Self::Latency => "latency",
        })
    }
}

impl fmt::Display for ControlKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Twins => "twins",
            Self::Planted => "planted",
        })
    }
}

impl fmt::Display for BucketDecision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Promote => "promote",
            Self::KeepBaseline => "keep-baseline",
            Self::Open => "open",
        })
    }
}

#[cfg(test)]
mod tests {
    use serde::Serialize;

    use super::*;

    fn stored(word: impl Serialize) -> String {
        let value = toml::Value::try_from(word).expect("a unit variant is a string");
        value
            .as_str()
            .expect("a unit variant is a string")
            .to_owned()
    }

    #[test]
    fn what_is_printed_is_what_is_stored() {
        use {Decision as D, Verdict as V};
        for word in [
            D::Promote,
            D::Reject,
            D::Invalid,
            D::Inconclusive,
            D::NoVerdict,
        ] {
            assert_eq!(word.to_string(), stored(word));
        }
        for word in [V::Material, V::Faster, V::Equal, V::Slower, V::Inconclusive] {
            assert_eq!(word.to_string(), stored(word));
        }
        for word in [Outcome::Passed, Outcome::Failed] {
            assert_eq!(word.to_string(), stored(word));
        }
        for word in [ControlKind::Twins, ControlKind::Planted] {
            assert_eq!(word.to_string(), stored(word));
        }
        for word in [RowState::Measured, RowState::NotTimed, RowState::Lost] {
            assert_eq!(word.to_string(), stored(word));
        }
    }
}
