//! All tasks on one GPU, a line each row set: what a README shows.

use super::evidence::{figures_stand, gates_passed};
use super::numbers::{NONE, count, or_none, ratio, share, speedup};
use super::table::{Side, Table, escaped};
use super::{Cell, Color, Column, Grid, Tone};
use crate::ledger::{Entry, Headline, RowRecord, SpeedupInterval};
use crate::task::Task;

/// Buckets that a line names as its wins.
const WINS: usize = 2;

/// Rows that move less are bound by latency, so that their share of the copy bandwidth says little; in bytes.
const LARGE_BYTES: u64 = 50_000_000;

/// A task and its newest entry on the GPU, if there is one.
pub struct TaskEntry<'a> {
    pub task: &'a Task,
    pub entry: Option<&'a Entry>,
}

/// A task's newest entry over one row set, or over none where no figure stands.
pub(super) struct Line<'a> {
    pub(super) task: &'a str,
    pub(super) entry: Option<&'a Entry>,
    pub(super) is_current: bool,
    pub(super) production_rows: usize,
    pub(super) figures: Option<Figures<'a>>,
}

/// What stands over one row set.
pub(super) struct Figures<'a> {
    pub(super) set: &'a str,
    pub(super) headline: &'a Headline,
    pub(super) rows: Vec<&'a RowRecord>,
    /// Buckets by what they add to the headline, the most first.
    pub(super) buckets: Vec<BucketFigure<'a>>,
}

/// One bucket's production rows in a set.
pub(super) struct BucketFigure<'a> {
    pub(super) name: &'a str,
    /// The candidate's words for what it does there.
    pub(super) why: &'a str,
    pub(super) rows: usize,
    /// Geometric mean over them.
    pub(super) speedup: f64,
}

/// For a terminal: a table of figures, then for each line of it what it rests on, the wins, and what makes them.
pub fn summary(tasks: &[TaskEntry], color: Color) -> String {
    let mut figures = Grid::new([
        Column::Text("task"),
        Column::Text("row set"),
        Column::Number("production\nrows"),
        Column::Number("speedup (95 %)"),
        Column::Number("least\nrow"),
        Column::Number("% of copy,\nlarge rows"),
        Column::Text("decision"),
    ]);
    let mut grounds = String::new();
    for line in tasks.iter().flat_map(lines) {
        let set = line.set();
        figures.push([
            line.task.into(),
            set.into(),
            line.production_rows.to_string().into(),
            line.speedup().into(),
            line.least().into(),
            line.large().into(),
            line.decision(),
        ]);
        grounds.push_str(&format!("{}, {set}: {}\n", line.task, line.evidence()));
        for (what, words) in [("wins", line.wins()), ("by", line.direction())] {
            if words != NONE {
                grounds.push_str(&format!("  {what}: {words}\n"));
            }
        }
    }
    format!("{}\n{grounds}", figures.render(color))
}

/// For a README or a pull request; tasks are links to their folders.
pub fn summary_markdown(tasks: &[TaskEntry]) -> String {
    let row = |cells: [&str; 10]| format!("| {} |\n", cells.join(" | "));
    let mut text = row([
        "task",
        "row set",
        "production rows",
        "speedup (95 %)",
        "least row",
        "representative wins",
        "% of copy, large rows",
        "main direction",
        "evidence",
        "decision",
    ]) + &row(["---"; 10]);
    for line in tasks.iter().flat_map(lines) {
        text.push_str(&row([
            &format!("[{0}](tasks/{0}/README.md)", line.task),
            &escaped(line.set()),
            &line.production_rows.to_string(),
            &line.speedup(),
            &line.least(),
            &escaped(&line.wins()),
            &line.large(),
            &escaped(&line.direction()),
            &line.evidence(),
            line.decision().text(),
        ]));
    }
    text
}

/// The same for a page.
pub(super) fn summary_table(lines: &[Line]) -> Table {
    let mut table = Table::new([
        (Side::Left, "task"),
        (Side::Left, "row set"),
        (Side::Right, "production rows"),
        (Side::Right, "speedup (95 %)"),
        (Side::Right, "least row"),
        (Side::Left, "representative wins"),
        (Side::Right, "% of copy, large rows"),
        (Side::Left, "main direction"),
        (Side::Left, "evidence"),
        (Side::Left, "decision"),
    ]);
    for line in lines {
        table.push([
            line.task.into(),
            line.set().into(),
            line.production_rows.to_string().into(),
            line.speedup().into(),
            line.least().into(),
            line.wins().into(),
            line.large().into(),
            line.direction().into(),
            line.evidence().into(),
            line.decision(),
        ]);
    }
    table
}

/// A line for each row set of the entry; one without figures where none stand.
pub(super) fn lines<'a>(of: &TaskEntry<'a>) -> Vec<Line<'a>> {
    let TaskEntry { task, entry } = *of;
    let line = |production_rows, figures| Line {
        task: &task.name,
        entry,
        is_current: entry.is_some_and(|entry| entry.provenance.contract_hash == task.contract_hash),
        production_rows,
        figures,
    };
    let of_sets: Vec<Line> = entry
        .filter(|entry| figures_stand(entry))
        .into_iter()
        .flat_map(|entry| entry.headline.iter().map(move |headline| (entry, headline)))
        .map(|(entry, (set, headline))| {
            let figures = Figures::of(entry, set, headline);
            line(figures.rows.len(), Some(figures))
        })
        .collect();
    if of_sets.is_empty() {
        let production = task.rows.iter().filter(|row| row.production);
        return vec![line(production.count(), None)];
    }
    of_sets
}

impl Line<'_> {
    pub(super) fn set(&self) -> &str {
        self.figures.as_ref().map_or(NONE, |figures| figures.set)
    }

    fn speedup(&self) -> String {
        or_none(self.figures.as_ref(), |figures| {
            let Headline {
                speedup, low, high, ..
            } = *figures.headline;
            ratio(SpeedupInterval { speedup, low, high })
        })
    }

    fn least(&self) -> String {
        or_none(self.figures.as_ref().and_then(Figures::least), speedup)
    }

    fn large(&self) -> String {
        let shares = self.figures.as_ref().and_then(Figures::shares);
        or_none(shares, |(low, high)| {
            format!("{} to {}", share(low), share(high))
        })
    }

    /// The buckets that win the most.
    fn wins(&self) -> String {
        let buckets = self.figures.iter().flat_map(|figures| &figures.buckets);
        let wins: Vec<String> = buckets
            .filter(|bucket| bucket.speedup > 1.0)
            .take(WINS)
            .map(|bucket| {
                format!(
                    "{} {} ({})",
                    bucket.name,
                    speedup(bucket.speedup),
                    count(bucket.rows, "row", "rows")
                )
            })
            .collect();
        match wins.is_empty() {
            true => NONE.to_owned(),
            false => wins.join(", "),
        }
    }

    /// What the candidate does in the bucket that adds the most to the headline.
    pub(super) fn direction(&self) -> String {
        let figures = self.figures.as_ref();
        let most = figures.and_then(|figures| figures.buckets.first());
        let why = most.map(|bucket| bucket.why).filter(|why| !why.is_empty());
        why.unwrap_or(NONE).to_owned()
    }

    /// When it was measured, over how much, and what passed.
    pub(super) fn evidence(&self) -> String {
        let Some(entry) = self.entry else {
            return NONE.to_owned();
        };
        let day = entry.started.get(..10).unwrap_or(&entry.started);
        let gates = format!(
            "{day}, {} of {} gates",
            gates_passed(entry),
            entry.gates.len()
        );
        let processes = match &self.figures {
            Some(figures) => format!(
                ", {}",
                count(figures.headline.processes, "process", "processes")
            ),
            None => String::new(),
        };
        let controls = match entry.controls.as_ref().map(|controls| controls.admissible) {
            Some(true) => ", controls passed",
            Some(false) => ", controls failed",
            None => "",
        };
        let again = entry.replicates.as_ref().map(|record| {
            let word = match record.agrees {
                Some(true) => "agrees with",
                Some(false) => "does NOT agree with",
                None => "says nothing of",
            };
            format!(", {word} {}", record.entry)
        });
        format!("{gates}{processes}{controls}{}", again.unwrap_or_default())
    }

    pub(super) fn decision(&self) -> Cell {
        let Some(entry) = self.entry else {
            return Cell::toned(Tone::Plain, "no entry");
        };
        let decided = match self.is_current {
            true => entry.decision.to_string(),
            false => format!("{}, of another contract", entry.decision),
        };
        Cell::toned(entry.decision.into(), decided)
    }
}

impl<'a> Figures<'a> {
    fn of(entry: &'a Entry, set: &'a str, headline: &'a Headline) -> Self {
        let in_set = |row: &&RowRecord| row.production && row.set == set;
        let rows: Vec<&RowRecord> = entry.rows.iter().filter(in_set).collect();
        let mut buckets: Vec<BucketFigure> = entry
            .buckets
            .iter()
            .filter(|bucket| !bucket.declined)
            .filter_map(|bucket| {
                let logs: Vec<f64> = rows
                    .iter()
                    .filter(|row| row.bucket == bucket.name)
                    .filter_map(|row| Some(row.device.as_ref()?.ratio?.speedup.ln()))
                    .collect();
                (!logs.is_empty()).then(|| BucketFigure {
                    name: &bucket.name,
                    why: &bucket.why,
                    rows: logs.len(),
                    speedup: (logs.iter().sum::<f64>() / logs.len() as f64).exp(),
                })
            })
            .collect();
        let adds = |bucket: &BucketFigure| bucket.rows as f64 * bucket.speedup.ln();
        buckets.sort_by(|a, b| adds(b).total_cmp(&adds(a)));
        Self {
            set,
            headline,
            rows,
            buckets,
        }
    }

    /// Speedup of the slowest row.
    pub(super) fn least(&self) -> Option<f64> {
        self.ratios()
            .map(|(_, ratio)| ratio.speedup)
            .min_by(f64::total_cmp)
    }

    /// Least and greatest share of the copy bandwidth over large rows.
    pub(super) fn shares(&self) -> Option<(f64, f64)> {
        let large = self.rows.iter().filter(|row| row.bytes >= LARGE_BYTES);
        let shares: Vec<f64> = large
            .filter_map(|row| row.candidate_share_of_copy)
            .collect();
        let low = shares.iter().copied().min_by(f64::total_cmp)?;
        let high = shares.iter().copied().max_by(f64::total_cmp)?;
        Some((low, high))
    }

    /// Rows that have an interval, with it.
    pub(super) fn ratios(&self) -> impl Iterator<Item = (&'a RowRecord, SpeedupInterval)> {
        let timed = |row: &&'a RowRecord| Some((*row, row.device.as_ref()?.ratio?));
        self.rows.iter().filter_map(timed)
    }
}
