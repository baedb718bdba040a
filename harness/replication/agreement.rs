//! Whether a run says what the entry says that it made again.

use super::Claim;
use super::comparison::{gates, headlines, rows};
use crate::ledger::{Decision, Entry, ReplicatesRecord, SpeedupInterval};

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
    pub fn agrees(&self) -> Option<bool> {
        let mut words = self.words();
        self.is_admissible
            .then(|| self.gates.is_empty() && words.all(Word::agrees))
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

    fn words(&self) -> impl Iterator<Item = Word> {
        let rows = self.rows.iter().map(|row| row.word);
        rows.chain(self.headlines.iter().map(|of| of.word))
    }
}

#[cfg(test)]
mod tests {
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
    }

    fn compared(after: &Entry) -> Agreement {
        Agreement::of(Claim::Speeds, &sample::entry(), after)
    }

    fn words(agreement: &Agreement) -> Vec<Word> {
        agreement.words().collect()
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
