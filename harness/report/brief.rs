//! One page on a task for whoever edits its candidate, as Markdown.

mod contract;
mod rows;

pub(super) use contract::scalar_kind;

use super::Color;
use super::attempts::Findings;
use super::history::headlines;
use super::names::kernel_name;
use super::numbers::{NONE, count, or_none, short, speedup};
use super::record;
use super::replicated::replicates;
use super::run::claim;
use super::status::{day, standing_words};
use super::table::{Side::Left, Side::Right, Table, escaped};
use crate::brief::{Brief, FoundProfile, Standing};
use crate::gate::gates;
use crate::ledger::Entry;
use crate::profile::{changes, moved_most};
use crate::toolchain::Side;

/// Kernels that the page lists; those of most rows.
const KERNELS: usize = 8;

pub fn brief(brief: &Brief) -> String {
    let task = &brief.task;
    let mut text = format!(
        "# {} on {}\n\n{}\n\n",
        task.name,
        brief.gpu,
        escaped(&task.contract.summary)
    );
    text.push_str(&contract::contract(task));
    text.push_str(&current(brief));
    text.push_str(&rows::production(brief));
    text.push_str(&rows::lagging(brief));
    if let Some(entry) = &brief.entry {
        let buckets = record::buckets(entry).of_what_is_said();
        section(&mut text, "Buckets", &buckets.markdown());
        text.push_str(&kernels(entry));
    }
    section(&mut text, "Profile", &profile(brief));
    section(&mut text, "Tried", &tried(brief));
    section(&mut text, "Rules", &rules(brief));
    section(&mut text, "Next", &next(brief));
    text.truncate(text.trim_end().len());
    text + "\n"
}

fn section(text: &mut String, title: &str, body: &str) {
    text.push_str(&format!("## {title}\n\n{}\n\n", body.trim_end()));
}

/// What the figures of the page are of.
fn current(brief: &Brief) -> String {
    let body = match &brief.entry {
        None => format!(
            "No entry on {} yet: nothing is known of its speed. `kda bench {} --gpu {}` makes the first.\n",
            brief.gpu, brief.task.name, brief.gpu
        ),
        Some(entry) => {
            let newest = brief.attempts.last().filter(|newest| newest.id != entry.id);
            let later = newest.map(|newest| {
                format!(
                    "- a later entry, `{}`, is no whole run with figures that stand: {}\n",
                    newest.id, newest.decision
                )
            });
            let again = entry.replicates.as_ref();
            let again = again.map(|record| format!("- {}\n", replicates(record, Color::No)));
            format!(
                "**{}**: {}\n\n- entry `{}` of {}, candidate `{}`\n{}- {}\n{}{}",
                entry.decision,
                escaped(&claim(entry)),
                entry.id,
                day(entry),
                short(&entry.provenance.candidate_source),
                again.unwrap_or_default(),
                tree(&brief.standing),
                gap(brief),
                later.unwrap_or_default()
            )
        }
    };
    let mut text = String::new();
    section(&mut text, "Current entry", &body);
    text
}

fn tree(standing: &Standing) -> String {
    match standing {
        Standing::Measured => "of this contract, and of the candidate in the tree".to_owned(),
        Standing::Stale(differs) if differs.contains(&"contract") => format!(
            "{}: measured under another contract, so its figures are not comparable with a new run's",
            standing_words(standing)
        ),
        Standing::Stale(_) => format!(
            "{}: of this contract, and not of the sources in the tree",
            standing_words(standing)
        ),
        Standing::Unknown(reason) => format!("not compared with the tree: {}", escaped(reason)),
        Standing::NeverMeasured => standing_words(standing),
    }
}

fn gap(brief: &Brief) -> String {
    match &brief.gap {
        Some(gap) => format!(
            "- gap to the bound: {} (geometric mean over {}), the most {} on `{}`\n",
            speedup(gap.still_to_win),
            count(gap.rows, "production row", "production rows"),
            speedup(gap.worst),
            gap.worst_row
        ),
        None => "- it has no bounds: what is still to win is not known\n".to_owned(),
    }
}

/// Registers and local memory of the candidate's kernels.
fn kernels(entry: &Entry) -> String {
    let mut candidate: Vec<_> = entry
        .kernels
        .iter()
        .filter(|kernel| kernel.side == Side::Candidate)
        .collect();
    if candidate.is_empty() {
        return String::new();
    }
    candidate.sort_by_key(|kernel| std::cmp::Reverse(kernel.rows));
    let mut table = Table::new([
        (Left, "kernel"),
        (Right, "rows"),
        (Right, "registers"),
        (Right, "local B"),
    ]);
    for kernel in candidate.iter().take(KERNELS) {
        table.push([
            kernel_name(&kernel.name).into(),
            kernel.rows.to_string().into(),
            kernel.registers.to_string().into(),
            kernel.local_bytes.to_string().into(),
        ]);
    }
    let mut body = table.markdown();
    let rest = candidate.len().saturating_sub(KERNELS);
    if rest > 0 {
        body.push_str(&format!("\nand {rest} more, of fewer rows\n"));
    }
    let mut text = String::new();
    section(&mut text, "Candidate's kernels", &body);
    text
}

/// What moved most in the newest profile, or how to make one.
fn profile(brief: &Brief) -> String {
    let Some(found) = &brief.profile else {
        return format!(
            "None of this entry's rows and candidate. `kda profile {} --row {}` makes one on a GPU.\n",
            brief.task.name,
            brief.first_row().unwrap_or("ROW")
        );
    };
    let FoundProfile {
        path,
        record,
        others,
    } = found;
    let record = match record {
        Ok(record) => record,
        Err(why) => {
            return format!(
                "`{}` cannot be read ({}): remove it, and make it again with `kda profile`.\n",
                path.display(),
                escaped(why)
            );
        }
    };
    let mut table = Table::new([
        (Left, "metric"),
        (Right, "baseline"),
        (Right, "candidate"),
        (Right, "change"),
    ]);
    for change in moved_most(&changes(record)) {
        let show = |value: Option<f64>| or_none(value, |value| change.unit.show(value));
        table.push([
            change.label.into(),
            show(change.baseline).into(),
            show(change.candidate).into(),
            change.words().into(),
        ]);
    }
    let others = match others {
        0 => String::new(),
        others => format!("; {} beside it", count(*others, "other row", "other rows")),
    };
    format!(
        "Row `{}`, as {}-bound; what moved most (`{}`{others}):\n\n{}",
        record.row,
        record.class,
        path.display(),
        table.markdown()
    )
}

/// The last attempts, newest first: what was expected, and what came.
fn tried(brief: &Brief) -> String {
    if brief.attempts.is_empty() {
        return "Nothing yet.\n".to_owned();
    }
    let mut text = String::new();
    for entry in brief.attempts.iter().rev() {
        let headlines = match headlines(entry) {
            none if none == NONE => String::new(),
            lines => format!(" {lines}"),
        };
        let note = entry.note.as_ref().map(|note| format!("\"{note}\"; "));
        let again = entry.replicates.as_ref();
        let again = again.map(|record| format!("{}; ", replicates(record, Color::No)));
        text.push_str(&format!(
            "- `{}` {}{headlines}: {}{}{}\n",
            entry.id,
            entry.decision,
            escaped(&note.unwrap_or_default()),
            escaped(&again.unwrap_or_default()),
            escaped(&Findings::of(entry).in_words(entry, Color::No))
        ));
    }
    if brief.earlier_attempts > 0 {
        text.push_str(&format!(
            "- and {} before: `kda ledger attempts {} --gpu {}`\n",
            brief.earlier_attempts, brief.task.name, brief.gpu
        ));
    }
    text
}

/// What may be edited, what is refused, and what the contract allows beyond that.
fn rules(brief: &Brief) -> String {
    let task = &brief.task.name;
    let mut text = format!(
        "May be edited: `tasks/{task}/candidate.cu`, and headers below `kernels/include/kda/` that the baseline does not \
         include. All else is frozen. A call may be declined (`KDA_DECLINED`).\n\nA candidate is refused unless each of \
         these holds:\n\n"
    );
    for (name, asks) in gates::ALL {
        text.push_str(&format!("- `{name}`: {}\n", asks.trim()));
    }
    let terms = &brief.task.contract.candidate;
    let listed = |opcodes: &[String]| opcodes.join(", ");
    let mut allowed = Vec::new();
    if !terms.approximate.is_empty() {
        allowed.push(format!("approximate `{}`", listed(&terms.approximate)));
    }
    if !terms.cache_hints.is_empty() {
        allowed.push(format!("cache hints `{}`", listed(&terms.cache_hints)));
    }
    for term in &terms.statics {
        allowed.push(format!(
            "static `{}` ({})",
            term.name,
            escaped(&term.reason)
        ));
    }
    match allowed.is_empty() {
        true => text.push_str("\nThe contract allows nothing beyond the baseline's means.\n"),
        false => text.push_str(&format!("\nThe contract allows: {}.\n", allowed.join("; "))),
    }
    text
}

fn next(brief: &Brief) -> String {
    let steps = brief.next();
    let lines = steps
        .iter()
        .map(|step| format!("{}  # {}\n", step.command, step.why));
    format!("```console\n{}```\n", lines.collect::<String>())
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::*;
    use crate::brief::Gap;
    use crate::ledger::{Decision, sample};
    use crate::profile;
    use crate::report::evidence::figures_stand;
    use crate::task::{Task, names};

    fn of(entries: Vec<Entry>) -> Brief {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let tasks = names(root).expect("the checkout has tasks");
        let mut task = Task::load(root, &tasks[0]).expect("its tasks should load");
        task.name = "axpy".to_owned();
        let entry = entries.iter().rfind(|entry| figures_stand(entry)).cloned();
        Brief {
            task,
            gpu: "h100".to_owned(),
            standing: match &entry {
                Some(_) => Standing::Measured,
                None => Standing::NeverMeasured,
            },
            gap: entry.as_ref().and_then(Gap::of),
            entry,
            profile: None,
            attempts: entries,
            earlier_attempts: 0,
        }
    }

    fn has(page: &str, parts: &[&str]) {
        for part in parts {
            assert!(page.contains(part), "no `{part}` in\n{page}");
        }
    }

    #[test]
    fn without_an_entry_the_page_says_what_to_run_first() {
        let page = brief(&of(Vec::new()));
        has(
            &page,
            &[
                "# axpy on h100\n",
                "No entry on h100 yet",
                "`kda bench axpy --gpu h100` makes the first",
                "Nothing yet.",
                "- `written`: Every element of every output is written.",
                "kda check axpy  # ",
            ],
        );
    }

    #[test]
    fn the_page_says_what_lags_and_what_was_tried() {
        let mut failed = sample::entry();
        failed.id = "20260103T030405Z-89abcdef".to_owned();
        failed.decision = Decision::Invalid;
        failed.note = Some("two rows a block".to_owned());
        failed.gates.push(sample::gate(2));
        let mut page_of = of(vec![sample::entry(), failed]);
        page_of.earlier_attempts = 4;
        let page = brief(&page_of);
        has(
            &page,
            &[
                "**promote**: speedup 1.235 (1.232-1.237) over 2 b200 rows, 1 fallback\n",
                "- of this contract, and of the candidate in the tree\n",
                "- a later entry, `20260103T030405Z-89abcdef`, is no whole run with figures that stand: invalid\n",
                "- gap to the bound: 1.086 (geometric mean over 2 production rows), the most 1.086 on `qwen_",
                "- `20260103T030405Z-89abcdef` invalid: \"two rows a block\"; gate poison failed on 2 of 68 cases",
                "- and 4 before: `kda ledger attempts axpy --gpu h100`",
                "| candidate_kernel | 2 | 40 | 0 |",
                "kda profile axpy --row qwen_s4096_c3072_bcast11 --gpu h100  # ",
                "kda check axpy --rows 'qwen_s4096_c3072_bcast11'  # ",
            ],
        );
    }

    #[test]
    fn a_profile_shows_what_moved_most_and_one_that_cannot_be_read_is_told() {
        let mut page_of = of(vec![sample::entry()]);
        let mut found = |record| {
            page_of.profile = Some(FoundProfile {
                path: PathBuf::from("p.toml"),
                record,
                others: 1,
            });
            brief(&page_of)
        };
        let page = found(Ok(profile::sample::record()));
        has(
            &page,
            &[
                "what moved most (`p.toml`; 1 other row beside it)",
                "| kernel launches | 2 | 1 | -50.0 % |",
            ],
        );
        assert!(!page.contains("kda profile"), "{page}");
        let page = found(Err("missing field `row`".to_owned()));
        has(
            &page,
            &["`p.toml` cannot be read (missing field", "kda profile"],
        );
    }

    #[test]
    fn an_entry_of_another_contract_is_marked() {
        let mut page_of = of(vec![sample::entry()]);
        page_of.standing = Standing::Stale(vec!["contract", "candidate"]);
        has(
            &brief(&page_of),
            &[
                "- stale: contract, candidate: measured under another contract",
                "kda bench axpy --gpu h100  # an entry of the tree as it is",
            ],
        );
    }
}
