//! The gates that need no run: both sides' records against each other and against the contract.

use std::path::Path;

use super::argv::check_argv;
use super::constructors::check_constructors;
use super::depfile::check_depfile;
use super::exports::check_exports;
use super::imports::check_imports;
use super::instructions::check_instructions;
use super::math_parity::check_math_parity;
use super::static_state::check_static_state;
use super::{GateBook, gates};
use crate::task::Task;
use crate::toolchain::{Target, TaskLibraries};

/// Both sides as they were built, and what they are held to.
pub(super) struct Objects<'a> {
    /// The project's folder, to quote sources from.
    pub(super) root: &'a Path,
    pub(super) task: &'a Task,
    pub(super) target: &'a Target,
    pub(super) built: &'a TaskLibraries,
}

impl Objects<'_> {
    pub(super) fn is_emulated(&self) -> bool {
        *self.target == Target::Emulated
    }
}

/// Judges what was built for `target` before anything of it is loaded.
///
/// An emulated object holds the emulated device besides the side, so there the candidate is held to what the baseline's
/// object has; opcodes exist for GPUs alone.
pub fn check_objects(
    root: &Path,
    task: &Task,
    target: &Target,
    built: &TaskLibraries,
    book: &mut GateBook,
) {
    let objects = Objects {
        root,
        task,
        target,
        built,
    };
    check_argv(&built.baseline, &built.candidate, book);
    book.note(gates::IMPORTS, check_imports(&objects));
    book.note(gates::STATIC_STATE, check_static_state(&objects));
    book.note(gates::CONSTRUCTORS, check_constructors(&objects));
    if !objects.is_emulated() {
        book.note(gates::MATH_PARITY, check_math_parity(&objects));
    }
    for side in [&built.baseline, &built.candidate] {
        book.note(gates::EXPORTS, check_exports(side));
        let folder = task.folder.strip_prefix(root).unwrap_or(&task.folder);
        book.note(gates::DEPFILE, check_depfile(folder, side));
    }
    book.note(gates::INSTRUCTIONS, check_instructions(&objects));
}

/// Findings that a message names; the rest are counted.
const NAMED: usize = 6;

/// Findings with commas between them.
pub(super) fn joined(mut findings: Vec<String>) -> String {
    let more = findings.len().saturating_sub(NAMED);
    findings.truncate(NAMED);
    let named = findings.join(", ");
    match more {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}

/// Names in backticks, with commas between them.
pub(super) fn list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    joined(names)
}
