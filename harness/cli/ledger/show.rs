//! Entries of one ledger: one of them, all in a list, two compared.

use super::selection::{named, open};
use crate::cli::Outcome;
use crate::cli::arguments::{AttemptsArguments, LedgerOf, LedgerShowArguments};
use crate::cli::exit::{Failure, exit_codes};
use crate::cli::terminal::Terminal;
use crate::ledger::{Entry, Opened};
use crate::profile::stored_profiles;
use crate::report::{self, Recorded, Related, json};

pub(super) fn show(arguments: &LedgerShowArguments, terminal: &Terminal) -> Outcome {
    let opened = open(&arguments.of)?;
    if arguments.history {
        return history(&newest(&opened, arguments.last)?, arguments.json, terminal);
    }
    let place = match &arguments.entry {
        Some(name) => named(&opened, name)?,
        None => opened
            .len()
            .checked_sub(1)
            .ok_or_else(|| Failure::Usage(format!("{} has no entry", opened.path().display())))?,
    };
    let (entry, recorded) = (opened.entry(place)?, Recorded::In(opened.path()));
    let related = Related {
        again: &opened.replications_of(&entry.id)?,
        profiles: &stored_profiles(opened.path(), &entry),
    };
    match arguments.json {
        true => terminal.json(|out| json::shown(&entry, related, recorded, out))?,
        false => {
            let view = report::run(&entry, recorded, terminal.color());
            terminal.result(&(view + &report::related(related, terminal.color())))?;
        }
    }
    Ok(exit_codes::PASSED)
}

fn history(entries: &[Entry], as_json: bool, terminal: &Terminal) -> Outcome {
    if as_json {
        terminal.json(|out| json::history(entries, out))?;
    } else {
        let mut text = report::history(entries, terminal.color());
        if let Some(trend) = report::trend(entries, terminal.color()) {
            text.push('\n');
            text.push_str(&trend);
        }
        terminal.result(&text)?;
    }
    Ok(exit_codes::PASSED)
}

pub(super) fn attempts(arguments: &AttemptsArguments, terminal: &Terminal) -> Outcome {
    let entries = newest(&open(&arguments.of)?, arguments.last)?;
    match arguments.json {
        true => terminal.json(|out| json::attempts(&entries, out))?,
        false => terminal.result(&report::attempts(&entries, terminal.color()))?,
    }
    Ok(exit_codes::PASSED)
}

/// All entries, or the last `count` of them; oldest first.
fn newest(opened: &Opened, count: Option<usize>) -> Result<Vec<Entry>, Failure> {
    let first = count.map_or(0, |count| opened.len().saturating_sub(count));
    Ok(opened.entries(first..opened.len())?)
}

pub(super) fn difference(
    of: &LedgerOf,
    before: Option<&str>,
    after: Option<&str>,
    terminal: &Terminal,
) -> Outcome {
    let opened = open(of)?;
    let chosen = |name: Option<&str>, from_end: usize| match name {
        Some(name) => named(&opened, name),
        None => opened.len().checked_sub(from_end).ok_or_else(|| {
            Failure::Usage(format!(
                "{} has {} entries, and a difference takes two",
                opened.path().display(),
                opened.len()
            ))
        }),
    };
    let after = opened.entry(chosen(after, 1)?)?;
    let before = opened.entry(chosen(before, 2)?)?;
    terminal.result(&report::difference(&before, &after, terminal.color()))?;
    Ok(exit_codes::PASSED)
}
