//! Everything that one page about a task says.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::{Gap, Next, Standing, TreeComparison, next_steps};
use crate::ledger::{BoundRecord, Entry, LedgerError, Opened, RowRecord, profiles_of};
use crate::profile::{ProfileRecord, StoredProfile};
use crate::report::figures_stand;
use crate::task::Task;
use crate::toolchain::Project;

/// Attempts that a page lists.
const ATTEMPTS: usize = 8;

/// One task on one GPU, for whoever edits its candidate.
#[derive(Debug)]
pub struct Brief {
    pub task: Task,
    /// Folder below the ledgers.
    pub gpu: String,
    /// The newest whole run whose figures stand; the newest entry where there is none.
    pub entry: Option<Entry>,
    /// Of `entry` against the tree.
    pub standing: Standing,
    pub gap: Option<Gap>,
    pub profile: Option<FoundProfile>,
    /// The newest entries, oldest first.
    pub attempts: Vec<Entry>,
    /// Entries before those.
    pub earlier_attempts: usize,
}

/// The newest profile of the entry's rows and candidate.
#[derive(Debug)]
pub struct FoundProfile {
    pub path: PathBuf,
    /// The record, or why it cannot be read.
    pub record: Result<ProfileRecord, String>,
    /// Profiles of other rows.
    pub others: usize,
}

impl Brief {
    /// From the task's ledger on the GPU, if there is one.
    ///
    /// # Errors
    ///
    /// An entry that this version cannot read.
    pub fn gather(
        project: &Project,
        task: Task,
        gpu: &str,
        ledger: Option<&Opened>,
    ) -> Result<Self, LedgerError> {
        let mut brief = Self {
            task,
            gpu: gpu.to_owned(),
            entry: None,
            standing: Standing::NeverMeasured,
            gap: None,
            profile: None,
            attempts: Vec::new(),
            earlier_attempts: 0,
        };
        let Some(opened) = ledger else {
            return Ok(brief);
        };
        let is_whole = |entry: &Entry| !entry.headline.is_empty() && figures_stand(entry);
        brief.entry = match opened.newest_where(is_whole)? {
            Some(entry) => Some(entry),
            None => opened.newest_where(|_| true)?,
        };
        if let Some(entry) = &brief.entry {
            let tree = TreeComparison::with_task(project, &brief.task, entry);
            brief.standing = Standing::of(entry, &tree);
            brief.gap = Gap::of(entry);
            brief.profile = FoundProfile::newest(opened.path(), entry);
        }
        brief.earlier_attempts = opened.len().saturating_sub(ATTEMPTS);
        brief.attempts = opened.entries(brief.earlier_attempts..opened.len())?;
        Ok(brief)
    }

    /// Rows that are not at their bound, production first, and then the furthest first.
    pub fn lagging(&self) -> Vec<(&RowRecord, &BoundRecord)> {
        let entry = self.entry.as_ref().filter(|entry| figures_stand(entry));
        let rows = entry.into_iter().flat_map(|entry| &entry.rows);
        let mut lagging: Vec<(&RowRecord, &BoundRecord)> = rows
            .filter_map(|row| Some((row, row.bound.as_ref()?)))
            .filter(|(_, bound)| bound.still_to_win > 1.0 + self.task.contract.margin)
            .collect();
        lagging.sort_by(|(row, bound), (other, other_bound)| {
            let production = other.production.cmp(&row.production);
            production.then(other_bound.still_to_win.total_cmp(&bound.still_to_win))
        });
        lagging
    }

    /// The production row to look at first: the one that lags most, or else the one that gained the least, or else the
    /// contract's first.
    pub fn first_row(&self) -> Option<&str> {
        if let Some((row, _)) = self.lagging().first() {
            return Some(&row.id);
        }
        let entry = self.entry.as_ref().filter(|entry| figures_stand(entry));
        let rows = entry.into_iter().flat_map(|entry| &entry.rows);
        let gains = rows
            .filter(|row| row.production && !row.declined)
            .filter_map(|row| Some((row, row.device.as_ref()?.ratio?.speedup)));
        let least = gains.min_by(|(_, one), (_, other)| one.total_cmp(other));
        match least {
            Some((row, _)) => Some(&row.id),
            None => {
                let mut rows = self.task.rows.iter();
                rows.find(|row| row.production).map(|row| row.id.as_str())
            }
        }
    }

    /// The exact commands that come next.
    pub fn next(&self) -> Vec<Next> {
        next_steps(self)
    }
}

impl FoundProfile {
    fn newest(ledger: &Path, entry: &Entry) -> Option<Self> {
        let written = |path: &PathBuf| {
            let when = fs::metadata(path).and_then(|facts| facts.modified());
            when.unwrap_or(SystemTime::UNIX_EPOCH)
        };
        let paths = profiles_of(ledger, entry);
        let path = paths.iter().max_by_key(|path| written(path))?.clone();
        let StoredProfile { path, record } = StoredProfile::at(path);
        Some(Self {
            path,
            record,
            others: paths.len() - 1,
        })
    }
}
