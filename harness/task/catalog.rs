//! Finding and loading tasks.

use std::fs;
use std::path::{Path, PathBuf};

use super::error::SourceText;
use super::hash::contract_hash;
use super::rows::Rows;
use super::{Case, Contract, TaskError};
use crate::toolchain::{CORPUS_TASKS, TASKS};

/// A loaded task: contract, rows and grid cases.
#[derive(Clone, Debug)]
pub struct Task {
    pub name: String,
    /// `tasks/<name>`.
    pub folder: PathBuf,
    pub contract: Contract,
    pub contract_hash: String,
    /// Production rows and riders, in file order.
    pub rows: Vec<Case>,
    /// Regression cases, in file order.
    pub grid: Vec<Case>,
}

/// Names of the tasks below `root`, sorted.
pub fn names(root: &Path) -> Result<Vec<String>, TaskError> {
    names_in(&root.join(TASKS))
}

fn names_in(folder: &Path) -> Result<Vec<String>, TaskError> {
    let unreadable = |source| TaskError::Read {
        path: folder.to_owned(),
        source,
    };
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        if entry.path().join("task.toml").is_file() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

impl Task {
    /// Loads and validates the task `name` below `root`.
    pub fn load(root: &Path, name: &str) -> Result<Self, TaskError> {
        Self::load_in(root, TASKS, name)
    }

    /// Loads a task of the corpus of cheats.
    pub fn load_of_corpus(root: &Path, name: &str) -> Result<Self, TaskError> {
        Self::load_in(root, CORPUS_TASKS, name)
    }

    /// The rows that the task would have with `text` as its rows.toml.
    ///
    /// # Errors
    ///
    /// What [`Task::load`] says about such a file.
    pub fn rows_in(&self, text: &str) -> Result<Vec<Case>, TaskError> {
        let source = SourceText {
            file: format!("{TASKS}/{}/rows.toml", self.name),
            text: text.to_owned(),
        };
        Ok(Rows::parse(&source, &self.contract, &self.name)?.rows)
    }

    fn load_in(root: &Path, tasks: &str, name: &str) -> Result<Self, TaskError> {
        let known = names_in(&root.join(tasks))?;
        if !known.iter().any(|task| task == name) {
            return Err(unknown(name, &known));
        }
        let root = root.canonicalize().map_err(|source| TaskError::Read {
            path: root.to_owned(),
            source,
        })?;
        let folder = root.join(tasks).join(name);
        let source =
            |file: &str| SourceText::read(&folder.join(file), format!("{tasks}/{name}/{file}"));
        let contract = Contract::parse(&source("task.toml")?)?;
        let Rows { rows, grid } = Rows::parse(&source("rows.toml")?, &contract, name)?;
        Ok(Self {
            name: name.to_owned(),
            contract_hash: contract_hash(&root, &Path::new(tasks).join(name))?,
            folder,
            contract,
            rows,
            grid,
        })
    }
}

/// Jaro-Winkler similarity above which a name is offered as what was meant.
const NEAR: f64 = 0.75;

fn unknown(name: &str, known: &[String]) -> TaskError {
    let mut near: Vec<(f64, &String)> = known
        .iter()
        .map(|task| (strsim::jaro_winkler(name, task), task))
        .filter(|(similarity, _)| *similarity > NEAR)
        .collect();
    near.sort_by(|left, right| right.0.total_cmp(&left.0));
    let quoted = |task: &String| format!("`{task}`");
    let help = if !near.is_empty() {
        let names: Vec<String> = near.iter().take(3).map(|(_, task)| quoted(task)).collect();
        format!("did you mean {}?", names.join(" or "))
    } else if known.is_empty() {
        "there is no folder with a task.toml under tasks/".to_owned()
    } else {
        format!(
            "the tasks are {}",
            known.iter().map(quoted).collect::<Vec<_>>().join(", ")
        )
    };
    TaskError::Unknown {
        name: name.to_owned(),
        help,
    }
}
