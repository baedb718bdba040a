//! A lost call that was made again.

use crate::crash::{CrashDump, LostCall};
use crate::session::{Replayed, Tool};

/// What was asked for, what became of it then and now, and what the tool found.
pub fn replay(dump: &CrashDump, replayed: &Replayed, tool: Tool) -> String {
    let (what, seed) = match &dump.call {
        LostCall::Check { side, seed, .. } => (format!("a checked call of the {side}"), seed),
        LostCall::Time { seed, .. } => ("samples of both sides".to_owned(), seed),
    };
    let mut text = format!(
        "{}, `{}`: {what}, lost on {}, seed {seed}\n",
        dump.task, dump.row, dump.gpu
    );
    for difference in &replayed.differences {
        text.push_str(&format!("differs: {difference}\n"));
    }
    text.push_str(&format!("then: {}\n", dump.cause));
    text.push_str(&match (&replayed.outcome, replayed.findings.is_empty()) {
        (Ok(what), _) => format!("now: it ran through: {what}\n"),
        (Err(error), true) => format!("now: lost again: {error}\n"),
        // The last words are the report.
        (Err(error), false) => format!("now: lost again: {}\n", error.cause()),
    });
    match tool {
        Tool::Nothing => {}
        Tool::HostSanitizers | Tool::ComputeSanitizer(_) if replayed.findings.is_empty() => {
            text.push_str(&format!("{} found nothing\n", name(tool)));
        }
        Tool::HostSanitizers | Tool::ComputeSanitizer(_) => {
            text.push_str(&format!("{} found:\n", name(tool)));
        }
    }
    for finding in &replayed.findings {
        text.push_str(&format!("{finding}\n"));
    }
    text
}

fn name(tool: Tool) -> String {
    match tool {
        Tool::Nothing => "no tool".to_owned(),
        Tool::HostSanitizers => "AddressSanitizer and UBSan".to_owned(),
        Tool::ComputeSanitizer(tool) => format!("compute-sanitizer {}", tool.name()),
    }
}
