//! JSON for programs: one object a line, `{"type":…,"data":…}`, the schema's version in the first.
//!
//! The types are this module's own, so that a change of the ledger's records does not silently change what programs
//! read. Units are in the keys. `docs/json.md` documents every line.

mod agreement;
mod attempts;
mod brief;
mod capture;
mod findings;
mod lines;
mod lists;
mod physics;
mod profile;
mod replicates;
mod setup;
mod status;
mod summary;
mod tasks;

use std::io::{self, Write};
use std::path::Path;

use agreement::AgreementLine;
use attempts::AttemptLine;
use brief::BriefLine;
use capture::{FrozenRow, ImportLine, NewEpochLine, OtherOperation, ProposedRow, RefusedCalls};
use findings::{Bucket, Gate, HeadlineLine, Row};
use lines::{Begin, End, Line};
use lists::{EntryLine, VerificationLine};
use physics::{Control, Controls, Kernel, Samples};
use profile::{ProfileChangeOf, ProfileLine, ProfiledKernelLine};
use replicates::ReplicationLine;
use setup::{Device, Provenance, Sampling};
use status::StatusLine;
use summary::SummaryLine;
use tasks::{LockedRow, TaskLine};

use super::evidence::{figures_stand, is_emulated};
use super::summary::lines as summary_lines;
use super::{ExportedRow, Import, Recorded, Related, TaskEntry};
use crate::brief::{Brief, TaskStatus, TreeComparison};
use crate::ledger::{Entry, Verification};
use crate::profile::{ProfileRecord, StoredProfile, changes};
use crate::replication::Agreement;
use crate::task::{Case, Task};

/// Version of the lines; raised when a key is removed or changes its meaning. New keys and types may come at any time.
pub const JSON_SCHEMA_VERSION: u32 = 1;

/// One run: `begin`, `provenance`, `device`, `sampling`, then `controls`, `samples`, `warning`, `gate`, `bucket`,
/// `row`, `control`, `kernel` and `headline` as many as there are, and `end`.
///
/// Speedups and times are left out where they are no evidence, as in the text view.
///
/// # Errors
///
/// What `out` returns; a broken pipe is the caller's to judge.
pub fn run(entry: &Entry, recorded: Recorded<'_>, out: &mut impl Write) -> io::Result<()> {
    shown(entry, Related::default(), recorded, out)
}

/// The same of an entry that was looked up: before `end` a `replication` for each run that made it again, and what
/// [`profile`] writes of each profile, an `unreadable-profile` of one that cannot be read.
///
/// # Errors
///
/// What `out` returns.
pub fn shown(
    entry: &Entry,
    related: Related<'_>,
    recorded: Recorded<'_>,
    out: &mut impl Write,
) -> io::Result<()> {
    findings(entry, out)?;
    for again in related.again.iter().filter_map(ReplicationLine::of) {
        line(out, &Line::Replication(again))?;
    }
    for StoredProfile { path, record } in related.profiles {
        match record {
            Ok(record) => profile_lines(record, path, out)?,
            Err(unreadable) => line(out, &Line::UnreadableProfile { path, unreadable })?,
        }
    }
    line(out, &Line::End(End::of(entry, recorded)))
}

/// A run that made another again, with an `agreement` for each headline and row that was compared, before `end`.
///
/// # Errors
///
/// What `out` returns.
pub fn replication(
    entry: &Entry,
    agreement: &Agreement,
    recorded: Recorded<'_>,
    out: &mut impl Write,
) -> io::Result<()> {
    findings(entry, out)?;
    let sets = agreement.headlines.iter().map(AgreementLine::of_set);
    for of in sets.chain(agreement.rows.iter().map(AgreementLine::of_row)) {
        line(out, &Line::Agreement(of))?;
    }
    line(out, &Line::End(End::of(entry, recorded)))
}

/// From `begin` to the last `headline`.
fn findings(entry: &Entry, out: &mut impl Write) -> io::Result<()> {
    let stands = figures_stand(entry);
    line(out, &Line::Begin(Begin::run(entry)))?;
    line(out, &Line::Provenance(Provenance::of(&entry.provenance)))?;
    line(out, &Line::Device(Device::of(&entry.device)))?;
    line(out, &Line::Sampling(Sampling::of(&entry.sampling)))?;
    if let Some(controls) = entry.controls.as_ref().filter(|_| !is_emulated(entry)) {
        line(out, &Line::Controls(Controls::of(controls)))?;
    }
    if let Some(samples) = &entry.samples {
        line(out, &Line::Samples(Samples::of(samples)))?;
    }
    for warning in &entry.warnings {
        line(out, &Line::Warning { message: warning })?;
    }
    for gate in &entry.gates {
        line(out, &Line::Gate(Gate::of(gate)))?;
    }
    for bucket in &entry.buckets {
        line(out, &Line::Bucket(Bucket::of(bucket, stands)))?;
    }
    for row in &entry.rows {
        line(out, &Line::Row(Box::new(Row::of(row, stands))))?;
    }
    for control in entry.control_rows.iter().filter(|_| stands) {
        line(out, &Line::Control(Box::new(Control::of(control))))?;
    }
    for kernel in &entry.kernels {
        line(out, &Line::Kernel(Kernel::of(kernel)))?;
    }
    for (set, headline) in entry.headline.iter().filter(|_| stands) {
        line(out, &Line::Headline(HeadlineLine::of(set, headline)))?;
    }
    Ok(())
}

/// A ledger's entries, oldest first: `begin`, then an `entry` each.
///
/// # Errors
///
/// What `out` returns.
pub fn history(entries: &[Entry], out: &mut impl Write) -> io::Result<()> {
    line(out, &Line::Begin(Begin::listing()))?;
    entries.iter().try_for_each(|entry| {
        line(
            out,
            &Line::Entry(EntryLine::of(entry, figures_stand(entry))),
        )
    })
}

/// A ledger's entries with what each failed on, oldest first: `begin`, then an `attempt` each.
///
/// # Errors
///
/// What `out` returns.
pub fn attempts(entries: &[Entry], out: &mut impl Write) -> io::Result<()> {
    line(out, &Line::Begin(Begin::listing()))?;
    entries.iter().try_for_each(|entry| {
        let attempt = AttemptLine::of(entry, figures_stand(entry));
        line(out, &Line::Attempt(attempt))
    })
}

/// What opens an export; [`export`] follows for each part of it.
///
/// # Errors
///
/// What `out` returns.
pub fn begin_export(out: &mut impl Write) -> io::Result<()> {
    line(out, &Line::Begin(Begin::listing()))
}

/// An `entry-row` for each row of each entry.
///
/// # Errors
///
/// What `out` returns.
pub fn export(entries: &[Entry], out: &mut impl Write) -> io::Result<()> {
    let mut rows = entries.iter().flat_map(ExportedRow::all_of);
    rows.try_for_each(|row| line(out, &Line::EntryRow(Box::new(row))))
}

/// The newest entries of all tasks: `begin`, then a `summary` for each task and row set.
///
/// # Errors
///
/// What `out` returns.
pub fn summary(tasks: &[TaskEntry], out: &mut impl Write) -> io::Result<()> {
    line(out, &Line::Begin(Begin::listing()))?;
    tasks
        .iter()
        .flat_map(summary_lines)
        .try_for_each(|of| line(out, &Line::Summary(Box::new(SummaryLine::of(&of)))))
}

/// Where tasks stand: `begin`, then a `status` each.
///
/// # Errors
///
/// What `out` returns.
pub fn status(tasks: &[TaskStatus], out: &mut impl Write) -> io::Result<()> {
    line(out, &Line::Begin(Begin::listing()))?;
    tasks
        .iter()
        .try_for_each(|of| line(out, &Line::Status(Box::new(StatusLine::of(of)))))
}

/// One page on a task: `begin`, then one `brief`.
///
/// # Errors
///
/// What `out` returns.
pub fn brief(of: &Brief, out: &mut impl Write) -> io::Result<()> {
    line(out, &Line::Begin(Begin::listing()))?;
    line(out, &Line::Brief(Box::new(BriefLine::of(of))))
}

/// Tasks: `begin`, then a `task` each.
///
/// # Errors
///
/// What `out` returns.
pub fn tasks(tasks: &[Task], out: &mut impl Write) -> io::Result<()> {
    line(out, &Line::Begin(Begin::listing()))?;
    tasks
        .iter()
        .try_for_each(|task| line(out, &Line::Task(TaskLine::of(task))))
}

/// One task's contract: `begin`, `task`, then a `locked-row` for each of `rows`.
///
/// # Errors
///
/// What `out` returns.
pub fn contract(task: &Task, rows: &[&Case], out: &mut impl Write) -> io::Result<()> {
    line(out, &Line::Begin(Begin::listing()))?;
    line(out, &Line::Task(TaskLine::of(task)))?;
    rows.iter()
        .try_for_each(|row| line(out, &Line::LockedRow(LockedRow::of(row))))
}

/// One profiled call, stored at `path`: `begin`, `profile`, a `profiled-kernel` each launch, and a `profile-change` for
/// each figure of the whole call.
///
/// # Errors
///
/// What `out` returns.
pub fn profile(record: &ProfileRecord, path: &Path, out: &mut impl Write) -> io::Result<()> {
    line(out, &Line::Begin(Begin::listing()))?;
    profile_lines(record, path, out)
}

fn profile_lines(record: &ProfileRecord, path: &Path, out: &mut impl Write) -> io::Result<()> {
    let whole = ProfileLine::of(record, path);
    line(out, &Line::Profile(Box::new(whole)))?;
    for kernel in &record.kernels {
        let kernel = ProfiledKernelLine::of(&record.row, kernel);
        line(out, &Line::ProfiledKernel(kernel))?;
    }
    changes(record).iter().try_for_each(|change| {
        let change = ProfileChangeOf::row(&record.row, change);
        line(out, &Line::ProfileChange(change))
    })
}

/// A capture against a task: `begin`, `import`, a `proposed-row`, `frozen-row`, `refused-calls` and `other-operation` as
/// many times as there are, and a `new-epoch` where one was opened.
///
/// # Errors
///
/// What `out` returns.
pub fn import(of: &Import<'_>, out: &mut impl Write) -> io::Result<()> {
    let review = of.review;
    line(out, &Line::Begin(Begin::listing()))?;
    line(out, &Line::Import(ImportLine::of(of)))?;
    for row in &review.proposals {
        line(out, &Line::ProposedRow(ProposedRow::of(row)))?;
    }
    let seen = review.seen.iter().map(|row| (&row.id, row.calls));
    for (id, calls) in seen.chain(review.unseen.iter().map(|id| (id, 0))) {
        line(out, &Line::FrozenRow(FrozenRow { id, calls }))?;
    }
    for refusal in &review.refused {
        line(out, &Line::RefusedCalls(RefusedCalls::of(refusal)))?;
    }
    for (name, calls) in &review.others {
        let calls = *calls;
        line(out, &Line::OtherOperation(OtherOperation { name, calls }))?;
    }
    of.epoch
        .iter()
        .try_for_each(|epoch| line(out, &Line::NewEpoch(NewEpochLine::of(epoch))))
}

/// What checks of ledgers found: `begin`, then a `verification` each.
///
/// # Errors
///
/// What `out` returns.
pub fn verifications(
    found: &[(Verification, TreeComparison)],
    out: &mut impl Write,
) -> io::Result<()> {
    line(out, &Line::Begin(Begin::listing()))?;
    found.iter().try_for_each(|(found, tree)| {
        let found = VerificationLine::of(found, tree);
        line(out, &Line::Verification(found))
    })
}

fn line(out: &mut impl Write, line: &Line<'_>) -> io::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    out.write_all(b"\n")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::Value;

    use super::*;
    use crate::brief::{FoundProfile, Gap, Replication, SourceChange, Standing};
    use crate::ledger::{Epoch, Recomputed, RowState, SamplesFault, sample};
    use crate::replication::Claim;

    fn lines(write: impl Fn(&mut Vec<u8>) -> io::Result<()>) -> Vec<Value> {
        let mut out = Vec::new();
        write(&mut out).expect("a vector takes any write");
        let text = String::from_utf8(out).expect("JSON is UTF-8");
        assert!(text.ends_with('\n'));
        text.lines()
            .map(|line| serde_json::from_str(line).expect("each line is an object"))
            .collect()
    }

    fn unread() -> Verification {
        Verification {
            path: "l.toml".into(),
            hashes: Vec::new(),
            entries: 0,
            epochs: Vec::new(),
            newest: None,
            fault: None,
            samples: Recomputed::default(),
        }
    }

    fn types(lines: &[Value]) -> Vec<&str> {
        lines
            .iter()
            .map(|line| line["type"].as_str().expect("each line has a type"))
            .collect()
    }

    #[test]
    fn a_run_begins_with_the_schema_and_ends_with_the_decision() {
        let lines = lines(|out| run(&sample::entry(), Recorded::In(Path::new("l.toml")), out));
        assert_eq!(
            types(&lines),
            [
                "begin",
                "provenance",
                "device",
                "sampling",
                "controls",
                "samples",
                "warning",
                "gate",
                "bucket",
                "row",
                "row",
                "control",
                "control",
                "kernel",
                "headline",
                "end"
            ]
        );
        assert_eq!(lines[0]["data"]["schema"], JSON_SCHEMA_VERSION);
        assert_eq!(lines[0]["data"]["evidence"], true);
        assert_eq!(lines[9]["data"]["device"]["baseline_us"]["median"], 12.34);
        assert_eq!(lines[9]["data"]["bound"]["class"], "memory");
        assert_eq!(lines[15]["data"]["decision"], "promote");
        assert_eq!(lines[15]["data"]["ledger"], "l.toml");
    }

    #[test]
    fn an_emulated_run_has_no_times_and_no_speedups() {
        let mut entry = sample::entry();
        entry.gpu = "emulated".to_owned();
        let lines = lines(|out| run(&entry, Recorded::Nowhere, out));
        assert_eq!(lines[0]["data"]["evidence"], false);
        for claim in ["headline", "controls", "control"] {
            assert!(!types(&lines).contains(&claim), "{claim}");
        }
        let row = &lines[8]["data"];
        assert_eq!(row["id"], "qwen_s4096_c3072_bcast11");
        let figures = [
            "device",
            "device_hot",
            "device_dirty",
            "verdict",
            "bound",
            "candidate_tb_per_s",
        ];
        for figure in figures {
            assert_eq!(row[figure], Value::Null, "{figure}");
        }
        assert_eq!(lines[7]["data"]["speedup"], Value::Null);
    }

    #[test]
    fn a_ledger_is_listed_an_entry_a_line() {
        let lines = lines(|out| history(&[sample::entry(), sample::entry()], out));
        assert_eq!(types(&lines), ["begin", "entry", "entry"]);
        assert_eq!(lines[1]["data"]["headlines"][0]["set"], "b200");
    }

    #[test]
    fn a_verification_names_the_fault() {
        let found = Verification {
            hashes: vec!["ab".to_owned()],
            entries: 1,
            ..unread()
        };
        let found = (found, TreeComparison::Not("no checkout is here".to_owned()));
        let lines = lines(|out| verifications(std::slice::from_ref(&found), out));
        assert_eq!(types(&lines), ["begin", "verification"]);
        assert_eq!(
            (&lines[1]["data"]["intact"], &lines[1]["data"]["head"]),
            (&true.into(), &"ab".into())
        );
        assert_eq!(lines[1]["data"]["tree"], Value::Null);
    }

    #[test]
    fn every_type_and_key_is_documented() {
        let entry = sample::entry();
        let mut found = unread();
        found.epochs.push(Epoch {
            contract_hash: "c0".repeat(32),
            first: entry.id.clone(),
            entries: 1,
        });
        found.samples.faults.push(SamplesFault {
            entry: entry.id.clone(),
            what: "row `x`, device: speedup 2 in the entry, 1.0 from the samples".to_owned(),
        });
        let change = SourceChange {
            what: "candidate",
            measured: "01".repeat(32),
            in_tree: "02".repeat(32),
        };
        let tree = TreeComparison::Compared {
            contract_hash: "c0".repeat(32),
            changes: vec![change],
        };
        let found = (found, tree);
        let mut lost = sample::entry();
        lost.replicates = Some(sample::replicates());
        lost.gates.push(sample::gate(1));
        lost.rows[0].state = RowState::Lost;
        let again = std::slice::from_ref(&lost);
        let related = Related {
            again,
            ..Related::default()
        };
        let mut all = lines(|out| shown(&entry, related, Recorded::Nowhere, out));
        let agreement = Agreement::of(Claim::Speeds, &entry, &lost);
        let nowhere = Recorded::Nowhere;
        all.extend(lines(|out| replication(&lost, &agreement, nowhere, out)));
        all.extend(lines(|out| history(std::slice::from_ref(&entry), out)));
        all.extend(lines(|out| {
            verifications(std::slice::from_ref(&found), out)
        }));
        all.extend(lines(|out| attempts(&[entry.clone(), lost.clone()], out)));
        all.extend(lines(|out| export(std::slice::from_ref(&entry), out)));
        let stands = TaskStatus {
            task: entry.task.clone(),
            standing: Standing::Stale(vec!["candidate"]),
            gap: Gap::of(&entry),
            replication: Some(Replication {
                with: lost.id.clone(),
                agrees: true,
            }),
            entry: Some(entry.clone()),
        };
        all.extend(lines(|out| status(std::slice::from_ref(&stands), out)));
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let tasks = crate::task::names(root).expect("the checkout has tasks");
        let page = Brief {
            task: Task::load(root, &tasks[0]).expect("its tasks should load"),
            gpu: "h100".to_owned(),
            standing: Standing::Measured,
            gap: Gap::of(&entry),
            profile: Some(FoundProfile {
                path: "p.toml".into(),
                record: Ok(crate::profile::sample::record()),
                others: 0,
            }),
            attempts: vec![entry.clone()],
            earlier_attempts: 0,
            entry: Some(entry),
        };
        all.extend(lines(|out| brief(&page, out)));
        let documented = include_str!("../../docs/json.md");
        let mut names: Vec<String> = types(&all).into_iter().map(str::to_owned).collect();
        all.iter()
            .for_each(|line| collect_keys(&line["data"], &mut names));
        for name in names {
            assert!(
                documented.contains(&format!("`{name}`")),
                "`{name}` is not in docs/json.md"
            );
        }
    }

    fn collect_keys(value: &Value, keys: &mut Vec<String>) {
        match value {
            Value::Object(object) => object.iter().for_each(|(key, value)| {
                keys.push(key.clone());
                collect_keys(value, keys);
            }),
            Value::Array(list) => list.iter().for_each(|value| collect_keys(value, keys)),
            _ => {}
        }
    }
}
