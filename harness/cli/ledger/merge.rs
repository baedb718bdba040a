//! Two copies of a ledger made one.

use crate::cli::Outcome;
use crate::cli::arguments::MergeArguments;
use crate::cli::exit::{Failure, exit_codes};
use crate::cli::terminal::Terminal;
use crate::ledger::{Ledger, Merged};
use crate::report::merged_in_words;

pub(super) fn merge(arguments: &MergeArguments, terminal: &Terminal) -> Outcome {
    let (ours, theirs) = (&arguments.ours, &arguments.theirs);
    for path in [ours, theirs] {
        if !path.is_file() {
            return Err(Failure::Usage(format!(
                "no ledger is at {}; nothing was written",
                path.display()
            )));
        }
    }
    let output = arguments.output.as_ref().unwrap_or(ours);
    let merged: Merged = Ledger::at(ours).merge(&Ledger::at(theirs), &Ledger::at(output))?;
    let text = merged_in_words(merged, ours, theirs, output);
    terminal.result(&text)?;
    Ok(exit_codes::PASSED)
}
