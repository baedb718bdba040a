//! Instructions that no import or graph shows.

use super::objects::{Objects, list};

/// System calls, embedded binaries and directives that read files; and cache hints that neither baseline nor contract has, by
/// which a candidate would keep its lines in L2 from call to call.
pub(super) fn check_instructions(objects: &Objects<'_>) -> Option<String> {
    let theirs = &objects.built.candidate.facts;
    let ours = &objects.built.baseline.facts;
    let mut found: Vec<String> = Vec::new();
    let host = theirs.host_instructions.iter().chain(&theirs.embedded);
    let extra = host.filter(|what| {
        !objects.is_emulated()
            || !(ours.host_instructions.contains(what) || ours.embedded.contains(what))
    });
    found.extend(extra.cloned());
    let granted = &objects.task.contract.candidate.cache_hints;
    let hints: Vec<&str> = theirs
        .cache_hints
        .keys()
        .filter(|hint| !ours.cache_hints.contains_key(*hint) && !granted.contains(hint))
        .map(String::as_str)
        .collect();
    if !hints.is_empty() {
        found.push(format!(
            "{}, by which lines outlive the call in the cache",
            list(hints)
        ));
    }
    (!found.is_empty()).then(|| format!("the candidate's object holds {}", found.join("; ")))
}
