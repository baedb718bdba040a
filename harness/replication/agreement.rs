//! Whether a run says what the entry says that it made again.

use super::comparison::{gates, headlines, rows};
use super::{Claim, HeadlineAgreement, RowAgreement, Word};
use crate::ledger::{Decision, Entry, ReplicatesRecord};

/// Two runs of one candidate, row by row.
#[derive(Clone, Debug, PartialEq)]
pub struct Agreement {
    pub claim: Claim,
    /// False where the new run failed its own controls: then nothing is compared.
    pub is_admissible: bool,
    /// The earlier run's production rows, in its order.
    pub rows: Vec<RowAgreement>,
    pub headlines: Vec<HeadlineAgreement>,
    /// Gates that one run passed and the other did not, in words.
    pub gates: Vec<String>,
}

impl Agreement {
    /// `after` is a run of the same sources and contract as `before`, whose claim is compared.
    pub fn of(claim: Claim, before: &Entry, after: &Entry) -> Self {
        let is_admissible = after.decision != Decision::Inadmissible;
        let mut found = Self {
            claim,
            is_admissible,
            rows: Vec::new(),
            headlines: Vec::new(),
            gates: Vec::new(),
        };
        if is_admissible {
            found.rows = rows(claim, before, after);
            found.gates = gates(before, after);
            if claim == Claim::Speeds {
                found.headlines = headlines(before, after);
            }
        }
        found
    }

    /// `None` where the new run says nothing.
    ///
    /// Where there are headlines they are the claim: then rows may read otherwise, as they do on another card, so long as
    /// none changes sides. Where there are none, each row is a claim.
    pub fn agrees(&self) -> Option<bool> {
        let claims_sets = !self.headlines.is_empty();
        let row_agrees = |row: &RowAgreement| match row.word {
            Word::Lower | Word::Higher => claims_sets && !row.changes_sides(),
            word => word.agrees(),
        };
        let holds = self.gates.is_empty()
            && self.headlines.iter().all(|of| of.word.agrees())
            && self.rows.iter().all(row_agrees);
        self.is_admissible.then_some(holds)
    }

    /// Whether the new run reads lower: over a set, or where no set differs, on a row.
    pub fn reads_lower(&self) -> bool {
        let of_sets: Vec<Word> = self.headlines.iter().map(|of| of.word).collect();
        match of_sets.iter().all(|word| word.agrees()) {
            true => self.rows.iter().any(|row| row.word == Word::Lower),
            false => of_sets.contains(&Word::Lower),
        }
    }

    /// For the new run's entry.
    pub fn record(&self, before: &Entry, commit: Option<&str>) -> ReplicatesRecord {
        ReplicatesRecord {
            entry: before.id.clone(),
            agrees: self.agrees(),
            rows: self.rows.len(),
            disagreeing: self.disagreeing().map(|row| row.id.clone()).collect(),
            commit: commit.map(str::to_owned),
        }
    }

    /// Rows on which the runs do not agree.
    pub fn disagreeing(&self) -> impl Iterator<Item = &RowAgreement> {
        self.rows.iter().filter(|row| !row.word.agrees())
    }
}

#[cfg(test)]
mod tests {
    use super::super::Said;
    use super::*;
    use crate::ledger::{RowRecord, RowState, sample};

    /// The sample's claim over again, every process of its rows this many times as fast.
    fn again(times: f64) -> Entry {
        let mut entry = sample::entry();
        entry.rows.iter_mut().for_each(|row| scale(row, times));
        entry
    }

    fn scale(row: &mut RowRecord, times: f64) {
        let lane = row.device.as_mut().expect("the sample is timed");
        lane.per_process.iter_mut().for_each(|one| *one *= times);
        let ratio = lane.ratio.as_mut().expect("it has an interval");
        for end in [&mut ratio.speedup, &mut ratio.low, &mut ratio.high] {
            *end *= times;
        }
    }

    fn compared(after: &Entry) -> Agreement {
        Agreement::of(Claim::Speeds, &sample::entry(), after)
    }

    fn words(agreement: &Agreement) -> Vec<Word> {
        let rows = agreement.rows.iter().map(|row| row.word);
        let sets = agreement.headlines.iter().map(|of| of.word);
        rows.chain(sets).collect()
    }

    #[test]
    fn the_same_speeds_agree_row_by_row_and_over_the_set() {
        let found = compared(&again(1.0));
        assert_eq!(words(&found), [Word::Agrees; 3]);
        assert_eq!(found.agrees(), Some(true));
        let record = found.record(&sample::entry(), None);
        assert_eq!((record.rows, record.disagreeing.len()), (2, 0));
    }

    #[test]
    fn a_difference_below_the_margin_agrees_and_one_beyond_it_does_not() {
        let tight = |times: f64| {
            let mut pair = [sample::entry(), again(times)];
            for (entry, times) in pair.iter_mut().zip([1.0, times]) {
                for row in &mut entry.rows {
                    let lane = row.device.as_mut().expect("the sample is timed");
                    lane.per_process = [1.2345, 1.2346, 1.2347].map(|one| one * times).to_vec();
                }
            }
            Agreement::of(Claim::Speeds, &pair[0], &pair[1])
        };
        assert_eq!(words(&tight(1.004)), [Word::WithinMargin; 3]);
        assert_eq!(tight(1.004).agrees(), Some(true));
        let (higher, lower) = (tight(1.03), tight(0.97));
        assert_eq!(words(&higher), [Word::Higher; 3]);
        assert_eq!(words(&lower), [Word::Lower; 3]);
        assert_eq!(
            (higher.agrees(), lower.agrees()),
            (Some(false), Some(false))
        );
        assert!(lower.reads_lower() && !higher.reads_lower());
    }

    /// One row this many times as fast and the other as many times slower, so that the set reads the same.
    fn apart(times: f64) -> Entry {
        let mut after = again(1.0);
        scale(&mut after.rows[0], times);
        scale(&mut after.rows[1], 1.0 / times);
        after
    }

    #[test]
    fn rows_may_read_otherwise_where_their_set_agrees_and_none_changes_sides() {
        let found = compared(&apart(1.05));
        assert_eq!(words(&found), [Word::Higher, Word::Lower, Word::Agrees]);
        let record = found.record(&sample::entry(), None);
        assert_eq!((record.agrees, record.disagreeing.len()), (Some(true), 2));
        let found = compared(&apart(1.3));
        assert!(found.rows[1].changes_sides() && !found.rows[0].changes_sides());
        assert_eq!(found.agrees(), Some(false));
    }

    #[test]
    fn without_a_headline_each_row_is_a_claim() {
        let mut before = sample::entry();
        before.headline.clear();
        let agrees = |after: &Entry| Agreement::of(Claim::Speeds, &before, after).agrees();
        assert_eq!(agrees(&again(1.0)), Some(true));
        assert_eq!(agrees(&apart(1.05)), Some(false));
    }

    #[test]
    fn one_row_that_reads_otherwise_is_named() {
        let mut after = again(1.0);
        scale(&mut after.rows[1], 0.8);
        let found = compared(&after);
        let record = found.record(&sample::entry(), Some("18fa365"));
        assert_eq!(record.disagreeing, ["qwen_edit_s189_c3072_bcast11"]);
        assert_eq!((record.agrees, record.rows), (Some(false), 2));
        assert!(found.reads_lower());
    }

    #[test]
    fn a_row_that_is_lost_now_and_a_headline_that_is_gone_do_not_agree() {
        let mut after = again(1.0);
        after.headline.clear();
        (after.rows[0].state, after.rows[0].device) = (RowState::Lost, None);
        after.gates.push(sample::gate(1));
        let found = compared(&after);
        assert_eq!(words(&found), [Word::Differs, Word::Agrees, Word::Differs]);
        assert_eq!(found.gates, ["gate poison fails now, and did not then"]);
        assert_eq!(found.rows[0].after, Said::State("lost".to_owned()));
    }

    #[test]
    fn a_run_that_failed_its_controls_says_nothing() {
        let mut after = again(0.5);
        after.decision = Decision::Inadmissible;
        let found = compared(&after);
        assert_eq!((found.agrees(), found.rows.len()), (None, 0));
        assert_eq!(found.record(&sample::entry(), None).agrees, None);
    }

    #[test]
    fn of_an_outcome_states_are_compared_and_speeds_are_not() {
        let before = sample::entry();
        let mut after = again(0.5);
        assert_eq!(
            Agreement::of(Claim::Outcome, &before, &after).agrees(),
            Some(true)
        );
        after.rows[0].declined = true;
        after.rows.pop();
        let found = Agreement::of(Claim::Outcome, &before, &after);
        assert_eq!(words(&found), [Word::Differs; 2]);
        assert_eq!(
            (&found.rows[0].after, &found.rows[1].after),
            (
                &Said::State("measured, declined".to_owned()),
                &Said::State("not there".to_owned())
            )
        );
    }
}
