//! The figure over each row set, and the word about the candidate.

use std::collections::BTreeMap;

use super::{CONFIDENCE, Findings};
use crate::ledger::{Decision, GateRecord, Headline, Outcome, RowRecord, RowState};
use crate::session::plan::Depth;
use crate::stats::{HeadlineRow, decide, headline};

impl Findings<'_> {
    /// A headline for every set whose production rows were all measured, gates passed, on a GPU.
    pub(super) fn headlines(
        &self,
        rows: &[RowRecord],
        gates: &[GateRecord],
    ) -> BTreeMap<String, Headline> {
        let sound = gates.iter().all(|gate| gate.outcome == Outcome::Passed);
        if self.machine.is_emulated() || !sound || self.options.depth != Depth::Full {
            return BTreeMap::new();
        }
        let sets = &self.task.contract.sets;
        sets.iter()
            .filter_map(|set| Some((set.name.clone(), self.headline(&set.name, rows)?)))
            .collect()
    }

    fn headline(&self, set: &str, rows: &[RowRecord]) -> Option<Headline> {
        let locked = self
            .task
            .rows
            .iter()
            .filter(|case| case.production && case.set == set);
        let logs: Vec<(Vec<f64>, bool)> = locked
            .map(|case| {
                let row = rows
                    .iter()
                    .find(|row| row.id == case.id && row.state == RowState::Measured)?;
                let logs = row
                    .device
                    .as_ref()?
                    .per_process
                    .iter()
                    .map(|speedup| speedup.ln())
                    .collect();
                Some((logs, row.declined || row.same_code))
            })
            .collect::<Option<_>>()?;
        let rows: Vec<HeadlineRow> = logs.iter().map(HeadlineRow::from).collect();
        headline(&rows, CONFIDENCE)
    }

    /// The set named after this GPU decides alone where there is one; otherwise every set has to agree.
    pub(super) fn decide(
        &self,
        rows: &[RowRecord],
        gates: &[GateRecord],
        headlines: &BTreeMap<String, Headline>,
    ) -> Decision {
        let own = self
            .task
            .contract
            .sets
            .iter()
            .filter(|set| set.name == self.machine.name());
        let mut deciding: Vec<&str> = own.map(|set| set.name.as_str()).collect();
        if deciding.is_empty() {
            deciding = self
                .task
                .contract
                .sets
                .iter()
                .map(|set| set.name.as_str())
                .collect();
        }
        let decisions: Vec<Decision> = deciding
            .iter()
            .map(|set| {
                let rows: Vec<RowRecord> =
                    rows.iter().filter(|row| row.set == *set).cloned().collect();
                decide(gates, &rows, headlines.get(*set))
            })
            .collect();
        let any = |decision| decisions.contains(&decision);
        let order = [
            Decision::Invalid,
            Decision::NoVerdict,
            Decision::Reject,
            Decision::Inconclusive,
        ];
        order
            .into_iter()
            .find(|decision| any(*decision))
            .unwrap_or(Decision::Promote)
    }
}
