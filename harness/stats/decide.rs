//! From gates, rows and headline to the one word about the candidate.

use crate::ledger::{Decision, GateRecord, Headline, Outcome, RowRecord, RowState};

/// Speedup below which a production row, with its whole interval, stops a promotion.
///
/// 3 % lets noise on one row and a small honest loss pass, not a regression that production would notice.
pub const CLEARLY_SLOWER: f64 = 0.97;

/// Decides as [`Decision`] says; `headline` and `rows` are those of the row set that counts.
///
/// Without a headline (emulated, partial, one process), or without a single gate, there is no verdict on speed.
/// Rows that the candidate declined never reject it: there it costs its dispatch, which the headline counts.
pub fn decide(gates: &[GateRecord], rows: &[RowRecord], headline: Option<&Headline>) -> Decision {
    let gate_failed = gates.iter().any(|gate| gate.outcome == Outcome::Failed);
    let row_lost = rows.iter().any(|row| row.state == RowState::Lost);
    if gate_failed || row_lost {
        return Decision::Invalid;
    }
    let Some(headline) = headline.filter(|_| !gates.is_empty()) else {
        return Decision::NoVerdict;
    };
    if headline.high < 1.0 || rows.iter().any(clearly_slower) {
        Decision::Reject
    } else if headline.low > 1.0 {
        Decision::Promote
    } else {
        Decision::Inconclusive
    }
}

fn clearly_slower(row: &RowRecord) -> bool {
    let ratio = row.device.as_ref().and_then(|lane| lane.ratio);
    row.production && !row.declined && ratio.is_some_and(|ratio| ratio.high < CLEARLY_SLOWER)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::sample::{gate, lane, row};

    fn headline(low: f64, high: f64) -> Headline {
        Headline {
            speedup: f64::midpoint(low, high),
            low,
            high,
            rows: 1,
            fallback_rows: 0,
            processes: 5,
        }
    }

    fn row_between(low: f64, high: f64) -> RowRecord {
        let mut row = row("r");
        row.device = Some(lane(f64::midpoint(low, high), low, high));
        row
    }

    #[test]
    fn a_headline_above_one_promotes() {
        let rows = [row_between(0.96, 0.98)];
        assert_eq!(
            decide(&[gate(0)], &rows, Some(&headline(1.01, 1.02))),
            Decision::Promote
        );
    }

    #[test]
    fn a_headline_below_one_rejects_and_one_across_decides_nothing() {
        assert_eq!(
            decide(&[gate(0)], &[], Some(&headline(0.98, 0.99))),
            Decision::Reject
        );
        assert_eq!(
            decide(&[gate(0)], &[], Some(&headline(0.99, 1.01))),
            Decision::Inconclusive
        );
    }

    #[test]
    fn a_clearly_slower_production_row_rejects_unless_declined() {
        let mut row = row_between(0.95, 0.96);
        assert_eq!(
            decide(
                &[gate(0)],
                std::slice::from_ref(&row),
                Some(&headline(1.1, 1.2))
            ),
            Decision::Reject
        );
        row.declined = true;
        assert_eq!(
            decide(
                &[gate(0)],
                std::slice::from_ref(&row),
                Some(&headline(1.1, 1.2))
            ),
            Decision::Promote
        );
        (row.declined, row.production) = (false, false);
        assert_eq!(
            decide(&[gate(0)], &[row], Some(&headline(1.1, 1.2))),
            Decision::Promote
        );
    }

    #[test]
    fn a_failed_gate_or_a_lost_row_makes_no_claim() {
        assert_eq!(
            decide(&[gate(0), gate(2)], &[], Some(&headline(1.1, 1.2))),
            Decision::Invalid
        );
        let mut row = row("r");
        row.state = RowState::Lost;
        assert_eq!(
            decide(&[gate(0)], &[row], Some(&headline(1.1, 1.2))),
            Decision::Invalid
        );
    }

    #[test]
    fn no_headline_or_no_gate_is_no_verdict() {
        assert_eq!(decide(&[gate(0)], &[], None), Decision::NoVerdict);
        assert_eq!(
            decide(&[], &[], Some(&headline(1.1, 1.2))),
            Decision::NoVerdict
        );
    }
}
