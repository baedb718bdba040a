//! A line a task: where it stands.

use serde::Serialize;

use super::findings::HeadlineLine;
use crate::brief::{Gap, Replication, Standing, TaskStatus};
use crate::report::evidence::figures_stand;

#[derive(Serialize)]
pub(super) struct StatusLine<'a> {
    task: &'a str,
    state: &'static str,
    /// What differs from the tree.
    differs: &'a [&'static str],
    /// Why the state is unknown.
    reason: Option<&'a str>,
    id: Option<&'a str>,
    started: Option<&'a str>,
    decision: Option<String>,
    headlines: Vec<HeadlineLine<'a>>,
    replication: Option<ReplicationOf<'a>>,
    gap: Option<GapLine<'a>>,
}

#[derive(Serialize)]
struct ReplicationOf<'a> {
    entry_id: &'a str,
    agrees: bool,
}

#[derive(Serialize)]
pub(super) struct GapLine<'a> {
    entry_id: &'a str,
    still_to_win: f64,
    rows: usize,
    worst_row: &'a str,
    worst_still_to_win: f64,
    open_buckets: &'a [String],
}

impl<'a> StatusLine<'a> {
    pub(super) fn of(status: &'a TaskStatus) -> Self {
        let entry = status.entry.as_ref();
        let standing = entry.filter(|entry| figures_stand(entry)).into_iter();
        Self {
            task: &status.task,
            state: state(&status.standing),
            differs: differs(&status.standing),
            reason: match &status.standing {
                Standing::Unknown(reason) => Some(reason),
                _ => None,
            },
            id: entry.map(|entry| entry.id.as_str()),
            started: entry.map(|entry| entry.started.as_str()),
            decision: entry.map(|entry| entry.decision.to_string()),
            headlines: standing
                .flat_map(|entry| &entry.headline)
                .map(|(set, headline)| HeadlineLine::of(set, headline))
                .collect(),
            replication: status.replication.as_ref().map(ReplicationOf::of),
            gap: status.gap.as_ref().map(GapLine::of),
        }
    }
}

impl<'a> ReplicationOf<'a> {
    fn of(replication: &'a Replication) -> Self {
        Self {
            entry_id: &replication.with,
            agrees: replication.agrees,
        }
    }
}

impl<'a> GapLine<'a> {
    pub(super) fn of(gap: &'a Gap) -> Self {
        Self {
            entry_id: &gap.entry,
            still_to_win: gap.still_to_win,
            rows: gap.rows,
            worst_row: &gap.worst_row,
            worst_still_to_win: gap.worst,
            open_buckets: &gap.open_buckets,
        }
    }
}

pub(super) fn state(standing: &Standing) -> &'static str {
    match standing {
        Standing::NeverMeasured => "never-measured",
        Standing::Stale(_) => "stale",
        Standing::Unknown(_) => "unknown",
        Standing::Measured => "measured",
    }
}

pub(super) fn differs(standing: &Standing) -> &[&'static str] {
    match standing {
        Standing::Stale(differs) => differs,
        _ => &[],
    }
}
