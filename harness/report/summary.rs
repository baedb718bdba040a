//! All tasks on one GPU, a line each row set: what a README shows.

use super::evidence::figures_stand;
use super::numbers::{NONE, interval, share, speedup};
use super::{Cell, Color, Column, Grid};
use crate::ledger::{Entry, RowRecord};
use crate::task::Task;

/// Rows that move less are bound by latency, so that their share of the copy bandwidth says little; in bytes.
const LARGE_BYTES: u64 = 50_000_000;

/// A task and its newest entry on the GPU, if there is one.
pub struct TaskEntry<'a> {
    pub task: &'a Task,
    pub entry: Option<&'a Entry>,
}

/// The cells of one line.
struct Line {
    task: String,
    set: String,
    rows: String,
    speedup: String,
    least: String,
    large: String,
    decision: Cell,
    decided: String,
}

const TITLES: [&str; 7] = [
    "task",
    "row set",
    "production rows",
    "speedup (95 %)",
    "least row",
    "% of copy, large rows",
    "decision",
];

/// For a terminal.
pub fn summary(tasks: &[TaskEntry], color: Color) -> String {
    let mut grid = Grid::new([
        Column::Text("task"),
        Column::Text("row set"),
        Column::Number("production\nrows"),
        Column::Number("speedup (95 %)"),
        Column::Number("least\nrow"),
        Column::Number("% of copy,\nlarge rows"),
        Column::Text("decision"),
    ]);
    for line in tasks.iter().flat_map(lines) {
        grid.push([
            line.task.into(),
            line.set.into(),
            line.rows.into(),
            line.speedup.into(),
            line.least.into(),
            line.large.into(),
            line.decision,
        ]);
    }
    grid.render(color)
}

/// For a README or a pull request; tasks are links to their folders.
pub fn summary_markdown(tasks: &[TaskEntry]) -> String {
    let row = |cells: [&str; 7]| format!("| {} |\n", cells.join(" | "));
    let mut text = row(TITLES) + &row(["---"; 7]);
    for line in tasks.iter().flat_map(lines) {
        let link = format!("[{0}](tasks/{0}/README.md)", line.task);
        text.push_str(&row([
            &link,
            &line.set,
            &line.rows,
            &line.speedup,
            &line.least,
            &line.large,
            &line.decided,
        ]));
    }
    text
}

/// A line for each row set of the entry; one without figures where none stand.
fn lines(of: &TaskEntry) -> Vec<Line> {
    let TaskEntry { task, entry } = *of;
    let without_figures = |decided: String, tone| Line {
        task: task.name.clone(),
        set: NONE.to_owned(),
        rows: task
            .rows
            .iter()
            .filter(|row| row.production)
            .count()
            .to_string(),
        speedup: NONE.to_owned(),
        least: NONE.to_owned(),
        large: NONE.to_owned(),
        decision: Cell::toned(tone, decided.clone()),
        decided,
    };
    let Some(entry) = entry else {
        return vec![without_figures("no entry".to_owned(), super::Tone::Plain)];
    };
    let is_current = entry.provenance.contract_hash == task.contract_hash;
    let decided = match is_current {
        true => entry.decision.to_string(),
        false => format!("{}, of another contract", entry.decision),
    };
    if entry.headline.is_empty() || !figures_stand(entry) {
        return vec![without_figures(decided, entry.decision.into())];
    }
    let of_set = |(set, headline): (&String, &crate::ledger::Headline)| {
        let rows: Vec<&RowRecord> = entry
            .rows
            .iter()
            .filter(|row| row.production && row.set == *set)
            .collect();
        let ratios = rows.iter().filter_map(|row| row.device.as_ref());
        let least = ratios
            .filter_map(|lane| lane.ratio.as_ref())
            .map(|ratio| ratio.speedup)
            .min_by(f64::total_cmp);
        let shares: Vec<f64> = rows
            .iter()
            .filter(|row| row.bytes >= LARGE_BYTES)
            .filter_map(|row| row.candidate_share_of_copy)
            .collect();
        let low = shares.iter().copied().min_by(f64::total_cmp);
        let high = shares.iter().copied().max_by(f64::total_cmp);
        Line {
            task: task.name.clone(),
            set: set.clone(),
            rows: rows.len().to_string(),
            speedup: format!(
                "{} ({})",
                speedup(headline.speedup),
                interval(headline.low, headline.high)
            ),
            least: least.map_or(NONE.to_owned(), speedup),
            large: match (low, high) {
                (Some(low), Some(high)) => format!("{} to {}", share(low), share(high)),
                _ => NONE.to_owned(),
            },
            decision: Cell::toned(entry.decision.into(), decided.clone()),
            decided: decided.clone(),
        }
    };
    entry.headline.iter().map(of_set).collect()
}
