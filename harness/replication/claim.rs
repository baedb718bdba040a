//! What an entry says that another run could say too.

use super::ReplicationError;
use crate::ledger::{Decision, Entry};
use crate::report::{figures_stand, is_emulated};

/// What there is to agree with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// Speedups of production rows, each with an interval.
    Speeds,
    /// Which gates passed and what became of each row: all that an emulated run says, and one whose gates failed.
    Outcome,
}

/// The claim of an entry.
///
/// # Errors
///
/// [`ReplicationError::NoClaim`] of a run that failed its own controls, and of one without intervals.
pub fn claim_of(entry: &Entry) -> Result<Claim, ReplicationError> {
    let none = |why| {
        Err(ReplicationError::NoClaim {
            entry: entry.id.clone(),
            why,
        })
    };
    let is_timed = |claim: &Entry| {
        let mut rows = claim.rows.iter().filter(|row| row.production);
        rows.any(|row| row.device.as_ref().is_some_and(|lane| lane.ratio.is_some()))
    };
    match entry.decision {
        Decision::Invalid => Ok(Claim::Outcome),
        Decision::Inadmissible => none("it failed its own controls"),
        _ if is_emulated(entry) => Ok(Claim::Outcome),
        _ if !figures_stand(entry) => none("it ran no gate"),
        _ if !is_timed(entry) => none("no production row has an interval, as after --quick"),
        _ => Ok(Claim::Speeds),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::sample;

    fn refused(entry: &Entry) -> String {
        claim_of(entry).expect_err("it claims nothing").to_string()
    }

    #[test]
    fn intervals_are_a_claim_and_so_is_a_failed_gate() {
        let mut entry = sample::entry();
        assert_eq!(claim_of(&entry).ok(), Some(Claim::Speeds));
        entry.decision = Decision::Invalid;
        assert_eq!(claim_of(&entry).ok(), Some(Claim::Outcome));
        entry.decision = Decision::NoVerdict;
        entry.gpu = "emulated".to_owned();
        assert_eq!(claim_of(&entry).ok(), Some(Claim::Outcome));
    }

    #[test]
    fn a_look_and_a_run_without_controls_or_gates_claim_nothing() {
        let mut entry = sample::entry();
        for row in &mut entry.rows {
            row.device.as_mut().expect("the sample is timed").ratio = None;
        }
        assert!(refused(&entry).contains("no production row has an interval"));
        entry.gates.clear();
        assert!(refused(&entry).contains("it ran no gate"));
        entry.decision = Decision::Inadmissible;
        assert!(refused(&entry).contains("it failed its own controls"));
    }
}
