//! The samples themselves, for a file beside the ledger.

use std::collections::BTreeMap;

use super::{Findings, LaneOf};
use crate::ledger::{RawProcess, RawRow, RawSamples};
use crate::worker::TimeReply;

/// Device lanes by their names in the entry.
const LANES: [(&str, LaneOf); 4] = [
    ("device", |reply| &reply.device),
    ("device_hot", |reply| &reply.device_hot),
    ("device_dirty", |reply| &reply.device_dirty),
    ("beside", |reply| &reply.beside),
];

impl Findings<'_> {
    /// Device samples of every row and control; `None` where nothing was timed. A control's id says its kind first.
    pub(super) fn raw_samples(&self, entry: &str) -> Option<RawSamples> {
        let timed = self.timed?;
        let rows = timed.rows.iter().filter_map(|(id, replies)| {
            let replies = replies.as_ref().ok()?;
            Some(raw_row(id.clone(), replies))
        });
        let controls = timed.controls.iter().filter_map(|controlled| {
            let replies = controlled.replies.as_ref().ok()?;
            let control = &controlled.control;
            Some(raw_row(control.kind.samples_of(&control.case.id), replies))
        });
        Some(RawSamples {
            task: self.task.name.clone(),
            entry: entry.to_owned(),
            rows: rows.chain(controls).collect(),
        })
    }
}

fn raw_row(id: String, replies: &[TimeReply]) -> RawRow {
    let lanes = LANES.into_iter().map(|(name, lane_of)| {
        let of_process = |reply: &TimeReply| RawProcess::of(reply.calls_per_sample, lane_of(reply));
        (name.to_owned(), replies.iter().map(of_process).collect())
    });
    RawRow {
        id,
        lanes: lanes.collect::<BTreeMap<_, _>>(),
    }
}
