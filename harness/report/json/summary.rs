//! A line a task and row set: what the summary over all tasks shows.

use serde::Serialize;

use super::findings::HeadlineLine;
use super::replicates::Replicates;
use crate::report::evidence::{figures_stand, gates_passed};
use crate::report::summary::{BucketFigure, Line};

#[derive(Serialize)]
pub(super) struct SummaryLine<'a> {
    task: &'a str,
    id: Option<&'a str>,
    started: Option<&'a str>,
    decision: Option<String>,
    replicates: Option<Replicates<'a>>,
    /// False where the contract has changed since.
    is_current: bool,
    evidence: bool,
    gates: usize,
    gates_passed: usize,
    controls_admissible: Option<bool>,
    production_rows: usize,
    headline: Option<HeadlineLine<'a>>,
    least_speedup: Option<f64>,
    large_rows_share_of_copy_low: Option<f64>,
    large_rows_share_of_copy_high: Option<f64>,
    wins: Vec<Win<'a>>,
}

/// One bucket, as it adds to the headline.
#[derive(Serialize)]
struct Win<'a> {
    bucket: &'a str,
    why: &'a str,
    production_rows: usize,
    speedup: f64,
}

impl<'a> SummaryLine<'a> {
    pub(super) fn of(line: &'a Line<'a>) -> Self {
        let (entry, figures) = (line.entry, line.figures.as_ref());
        let shares = figures.and_then(|figures| figures.shares());
        let win = |bucket: &'a BucketFigure<'a>| Win {
            bucket: bucket.name,
            why: bucket.why,
            production_rows: bucket.rows,
            speedup: bucket.speedup,
        };
        Self {
            task: line.task,
            id: entry.map(|entry| entry.id.as_str()),
            started: entry.map(|entry| entry.started.as_str()),
            decision: entry.map(|entry| entry.decision.to_string()),
            replicates: entry.and_then(Replicates::in_entry),
            is_current: line.is_current,
            evidence: entry.is_some_and(figures_stand),
            gates: entry.map_or(0, |entry| entry.gates.len()),
            gates_passed: entry.map_or(0, gates_passed),
            controls_admissible: entry
                .and_then(|entry| entry.controls.as_ref())
                .map(|controls| controls.admissible),
            production_rows: line.production_rows,
            headline: figures.map(|figures| HeadlineLine::of(figures.set, figures.headline)),
            least_speedup: figures.and_then(|figures| figures.least()),
            large_rows_share_of_copy_low: shares.map(|(low, _)| low),
            large_rows_share_of_copy_high: shares.map(|(_, high)| high),
            wins: figures
                .into_iter()
                .flat_map(|figures| figures.buckets.iter().map(win))
                .collect(),
        }
    }
}
