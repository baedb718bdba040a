//! Every hash of every ledger, the figures against their raw samples, and whether the newest entries speak of the tree as it is.

use super::selection::{folder, ledgers};
use crate::brief::TreeComparison;
use crate::cli::Outcome;
use crate::cli::arguments::VerifyArguments;
use crate::cli::exit::{Failure, exit_codes};
use crate::cli::terminal::Terminal;
use crate::ledger::{Ledger, Verification};
use crate::report::{self, json};
use crate::toolchain::Project;

pub(super) fn verify(arguments: &VerifyArguments, terminal: &Terminal) -> Outcome {
    let folder = folder(arguments.ledger.as_deref(), "")?;
    let tree = Project::discover();
    if let (true, Err(missing)) = (arguments.strict, &tree) {
        return Err(Failure::Usage(format!(
            "--strict compares with a tree, and there is none: {missing}"
        )));
    }
    let mut found: Vec<(Verification, TreeComparison)> = Vec::new();
    for path in ledgers(&folder)? {
        let verification = Ledger::at(&path).verify()?;
        let comparison = match (&tree, &verification.newest) {
            (Ok(project), Some(newest)) => TreeComparison::of(project, newest),
            (Ok(_), None) => TreeComparison::Not("it has no entry that can be read".to_owned()),
            (Err(missing), _) => TreeComparison::Not(missing.to_string()),
        };
        found.push((verification, comparison));
    }
    if arguments.json {
        terminal.json(|out| json::verifications(&found, out))?;
    } else if found.is_empty() {
        terminal.result(&format!("no ledger below {}", folder.display()))?;
    } else {
        let views: Vec<String> = found
            .iter()
            .map(|(one, tree)| report::verification(one, tree, terminal.color()))
            .collect();
        terminal.result(&views.concat())?;
    }
    let holds = |(one, tree): &(Verification, TreeComparison)| {
        let is_whole = one.samples.missing.is_empty() && tree.agrees(one);
        one.is_sound() && (!arguments.strict || is_whole)
    };
    Ok(match found.iter().all(holds) {
        true => exit_codes::PASSED,
        false => exit_codes::LEDGER,
    })
}
