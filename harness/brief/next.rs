//! What to do after reading a page about a task.

use super::{Brief, Standing};

/// A command, and what it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Next {
    pub command: String,
    pub why: &'static str,
}

/// In the order in which they are typed.
pub(super) fn next_steps(brief: &Brief) -> Vec<Next> {
    let (task, gpu) = (&brief.task.name, &brief.gpu);
    let step = |command: String, why| Next { command, why };
    let bench = format!("kda bench {task} --gpu {gpu}");
    let mut steps = match &brief.standing {
        Standing::NeverMeasured => vec![
            step(
                format!("kda check {task}"),
                "the gates on the candidate as it is",
            ),
            step(bench.clone(), "the first entry: nothing is known before it"),
        ],
        Standing::Stale(_) => vec![step(
            bench.clone(),
            "an entry of the tree as it is: the figures above are of another one",
        )],
        Standing::Unknown(_) | Standing::Measured => Vec::new(),
    };
    let row = brief.first_row().unwrap_or("*");
    if brief.entry.is_some() && brief.profile.is_none() && gpu != "emulated" {
        steps.push(step(
            format!("kda profile {task} --row {row} --gpu {gpu}"),
            "what the kernels wait for on the row to look at first",
        ));
    }
    steps.extend([
        step(
            format!("kda attempt note {task} 'the bound that moves, on which rows, by how much'"),
            "one idea an attempt",
        ),
        step(
            format!("kda check {task} --rows '{row}'"),
            "after each edit; then without --rows",
        ),
        step(
            format!("{bench} --quick"),
            "after a commit: a look, without a verdict",
        ),
        step(bench, "the verdict"),
    ]);
    if gpu != "emulated" {
        steps.push(step(
            format!("kda ledger diff {task} --gpu {gpu}"),
            "which rows moved, with intervals; it takes two entries",
        ));
    }
    steps
}
