//! How far an entry's candidate is from what its rows allow.

use crate::ledger::{BoundRecord, BucketDecision, Entry, LedgerError, Opened, RowRecord};
use crate::report::figures_stand;

/// Distance to the bound over the production rows of one entry.
#[derive(Clone, Debug, PartialEq)]
pub struct Gap {
    /// Id of the entry.
    pub entry: String,
    /// Geometric mean of the candidate's time over the least time.
    pub still_to_win: f64,
    pub rows: usize,
    /// The row that is the furthest, and how far.
    pub worst_row: String,
    pub worst: f64,
    /// Buckets with room that the candidate does not take.
    pub open_buckets: Vec<String>,
}

impl Gap {
    /// `None` where no figure stands, or no production row has a bound.
    pub fn of(entry: &Entry) -> Option<Self> {
        if !figures_stand(entry) {
            return None;
        }
        let bounded: Vec<(&RowRecord, &BoundRecord)> = entry
            .rows
            .iter()
            .filter(|row| row.production)
            .filter_map(|row| Some((row, row.bound.as_ref()?)))
            .collect();
        let by_distance = |one: &&(&RowRecord, &BoundRecord),
                           other: &&(&RowRecord, &BoundRecord)| {
            one.1.still_to_win.total_cmp(&other.1.still_to_win)
        };
        let (worst_row, worst) = bounded.iter().max_by(by_distance)?;
        let logs = bounded.iter().map(|(_, bound)| bound.still_to_win.ln());
        let open = |decision| decision == Some(BucketDecision::Open);
        let buckets = entry.buckets.iter().filter(|bucket| open(bucket.decision));
        Some(Self {
            entry: entry.id.clone(),
            still_to_win: (logs.sum::<f64>() / bounded.len() as f64).exp(),
            rows: bounded.len(),
            worst_row: worst_row.id.clone(),
            worst: worst.still_to_win,
            open_buckets: buckets.map(|bucket| bucket.name.clone()).collect(),
        })
    }

    /// That of the newest entry which has one and timed no less than a whole run does.
    ///
    /// # Errors
    ///
    /// An entry that this version cannot read.
    pub fn newest(opened: &Opened) -> Result<Option<Self>, LedgerError> {
        let found =
            opened.newest_where(|entry| !entry.headline.is_empty() && Self::of(entry).is_some())?;
        Ok(found.as_ref().and_then(Self::of))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::sample;

    #[test]
    fn the_gap_is_the_geometric_mean_over_production_rows_with_a_bound() {
        let mut entry = sample::entry();
        let mut set = |row: usize, still_to_win| {
            let bound = entry.rows[row].bound.as_mut().expect("the sample has one");
            bound.still_to_win = still_to_win;
        };
        set(0, 1.1);
        set(1, 1.6);
        entry.buckets[0].decision = Some(BucketDecision::Open);
        let mut rider = sample::row("rider");
        rider.production = false;
        rider
            .bound
            .as_mut()
            .expect("the sample has one")
            .still_to_win = 9.0;
        entry.rows.push(rider);
        entry.rows.push(RowRecord {
            bound: None,
            ..sample::row("unbounded")
        });
        let gap = Gap::of(&entry).expect("its figures stand");
        assert!((gap.still_to_win - 1.76f64.sqrt()).abs() < 1e-12);
        assert_eq!((gap.rows, gap.worst), (2, 1.6));
        assert_eq!(gap.worst_row, entry.rows[1].id);
        assert_eq!(gap.open_buckets, ["broadcast"]);
    }

    #[test]
    fn there_is_no_gap_where_no_figure_stands() {
        let mut failed = sample::entry();
        failed.gates.push(sample::gate(1));
        assert_eq!(Gap::of(&failed), None);
        let mut unbounded = sample::entry();
        unbounded.rows.iter_mut().for_each(|row| row.bound = None);
        assert_eq!(Gap::of(&unbounded), None);
    }
}
