//! One entry for a pull request: the decision first, then the evidence, tables folded.

use super::evidence::is_emulated;
use super::gates;
use super::numbers::{count, fine_ratio, speedup};
use super::record;
use super::replicated::lines;
use super::run::{claim, sampled};
use super::table::escaped;
use super::{Color, Related, Tone, profiled};
use crate::ledger::{ControlsRecord, Entry, RowRecord};
use crate::profile::StoredProfile;

/// The whole page; `gpu` is the profile that the ledger is kept under.
pub fn run_markdown(entry: &Entry, related: Related<'_>, gpu: &str) -> String {
    let mut text = format!(
        "## {}: {} on {}\n\n**{}**\n\n{}; {}, entry `{}`\n\n",
        entry.decision,
        escaped(&entry.task),
        escaped(&entry.gpu),
        escaped(&claim(entry)),
        sampled(entry),
        entry.started.get(..10).unwrap_or(&entry.started),
        entry.id,
    );
    for line in lines(entry, related.again) {
        text.push_str(&format!("{}\n\n", escaped(&line)));
    }
    if let Some(note) = &entry.note {
        text.push_str(&format!("> note: {}\n\n", escaped(note)));
    }
    text.push_str(&gate_lines(entry));
    if let Some(controls) = entry.controls.as_ref().filter(|_| !is_emulated(entry)) {
        text.push_str(&format!("{}\n\n", escaped(&controls_line(controls))));
        if let Some(line) = company_line(&entry.rows) {
            text.push_str(&format!("{line}\n\n"));
        }
    }
    for warning in &entry.warnings {
        text.push_str(&format!("> warning: {}\n\n", escaped(warning)));
    }
    fold(&mut text, "Buckets", &record::buckets(entry));
    for (name, rows) in record::groups(entry) {
        fold(&mut text, &name, &record::rows(entry, &rows));
    }
    for profile in related.profiles {
        push_profile(&mut text, profile, entry);
    }
    fold(&mut text, "Gates", &record::gates(entry));
    fold(&mut text, "Controls", &record::controls(entry));
    fold(&mut text, "Kernels", &record::kernels(entry));
    fold(&mut text, "Provenance", &record::provenance(entry));
    text.push_str(&format!(
        "Reproduce:\n\n```console\n{}```\n",
        record::reproduction(entry, gpu)
    ));
    text
}

/// The gates in a line; of those that failed, a list.
fn gate_lines(entry: &Entry) -> String {
    let lines = gates::gates(&entry.gates, Color::No);
    let (first, failed) = lines.split_once('\n').unwrap_or((&lines, ""));
    let failed: String = failed
        .lines()
        .map(|line| {
            let (indent, text) = line.split_at(line.len() - line.trim_start().len());
            format!(
                "{}- {}\n",
                &indent[..indent.len().saturating_sub(2)],
                escaped(text)
            )
        })
        .collect();
    match failed.is_empty() {
        true => format!("{first}\n\n"),
        false => format!("{first}\n\n{failed}\n"),
    }
}

/// What the run measured of itself, in a sentence.
pub(super) fn controls_line(controls: &ControlsRecord) -> String {
    let verdict = match controls.admissible {
        true => "passed".to_owned(),
        false => format!("failed: {}", controls.reasons.join("; ")),
    };
    format!(
        "controls: {verdict}; A/A {} over {}, {}; planted {} read as {}",
        fine_ratio(controls.twins),
        count(controls.twin_rows, "row", "rows"),
        count(controls.false_verdicts, "false verdict", "false verdicts"),
        speedup(controls.planted),
        fine_ratio(controls.planted_found),
    )
}

/// How far replays of the candidate move the baseline's time, over all rows.
pub(super) fn company_line(rows: &[RowRecord]) -> Option<String> {
    let found = rows.iter().filter_map(|row| Some(row.beside?.speedup));
    let (least, most) = found.fold((f64::INFINITY, 0.0_f64), |(least, most), ratio| {
        (least.min(ratio), most.max(ratio))
    });
    (most > 0.0).then(|| {
        format!("beside the candidate the baseline takes {least:.4} to {most:.4} of its time alone")
    })
}

/// Whether the controls speak for the run.
pub(super) fn controls_tone(controls: &ControlsRecord) -> Tone {
    match controls.admissible {
        true => Tone::Good,
        false => Tone::Bad,
    }
}

fn push_profile(text: &mut String, stored: &StoredProfile, entry: &Entry) {
    let record = match &stored.record {
        Ok(record) => record,
        Err(why) => {
            let words = profiled::unreadable(stored, why);
            return text.push_str(&format!("> warning: {}\n\n", escaped(&words)));
        }
    };
    let body = [
        escaped(&profiled::counted(record, entry)) + "\n",
        profiled::moved(record).markdown(),
        profiled::launches(record).markdown(),
        profiled::whole_call(record).markdown(),
        format!("File: `{}`\n", stored.shown()),
    ];
    let name = format!("Profile of {}", profiled::title(record));
    fold_text(text, &name, &body.map(|part| part + "\n").concat());
}

/// Nothing for a table without rows.
fn fold(text: &mut String, name: &str, table: &super::table::Table) {
    if !table.is_empty() {
        fold_text(text, name, &table.markdown());
    }
}

fn fold_text(text: &mut String, name: &str, body: &str) {
    text.push_str(&format!(
        "<details><summary>{}</summary>\n\n{}\n\n</details>\n\n",
        escaped(name),
        body.trim_end()
    ));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{Decision, sample};
    use crate::profile;

    #[test]
    fn the_decision_comes_first_and_the_tables_are_folded() {
        let page = run_markdown(&sample::entry(), Related::default(), "h100");
        assert!(
            page.starts_with(
                "## promote: demo_vector_axpy on NVIDIA H100 80GB HBM3\n\n**speedup 1.235 (1.232-1.237) over 2 b200 rows, 1 fallback**\n"
            ),
            "{page}"
        );
        let folded: Vec<&str> = page
            .lines()
            .filter_map(|line| line.strip_prefix("<details><summary>"))
            .collect();
        assert_eq!(
            folded,
            [
                "Buckets</summary>",
                "b200: 2 production rows</summary>",
                "Gates</summary>",
                "Controls</summary>",
                "Kernels</summary>",
                "Provenance</summary>"
            ]
        );
        assert!(page.contains("controls: passed; A/A 1.0000 (0.9995-1.0005) over 3 rows, 0 false verdicts; planted 1.020 read as 1.0197 (1.0191-1.0203)"), "{page}");
        assert!(
            page.ends_with("--seed 18446744073709551615\n```\n"),
            "{page}"
        );
    }

    #[test]
    fn both_entries_of_a_replication_name_the_other() {
        let mut again = sample::entry();
        again.replicates = Some(sample::replicates());
        let page = run_markdown(&again, Related::default(), "h100");
        assert!(
            page.contains("\n\nreplicates 20260101T030405Z-0123abcd: does NOT agree, 1 of 2 rows"),
            "{page}"
        );
        let related = Related {
            again: &[again],
            ..Related::default()
        };
        let page = run_markdown(&sample::entry(), related, "h100");
        assert!(
            page.contains("\n\nNOT replicated by 20260102T030405Z-0123abcd, 1 of 2 rows"),
            "{page}"
        );
    }

    #[test]
    fn what_failed_is_listed_and_no_speed_is_claimed() {
        let mut entry = sample::entry();
        entry.decision = Decision::Invalid;
        entry.summary = "gates failed: poison".to_owned();
        entry.gates.push(sample::gate(2));
        let page = run_markdown(&entry, Related::default(), "h100");
        assert!(page.contains("**gates failed: poison**"), "{page}");
        assert!(
            page.contains("- poison: 2 of 68 checks failed\n  - row_0 candidate out\\[7\\]: expected 1.5, found NaN\n"),
            "{page}"
        );
        assert!(!page.contains("1.235"), "{page}");
    }

    #[test]
    fn each_profile_is_folded_with_its_file_and_one_that_cannot_be_read_is_a_warning() {
        let stored = |record| StoredProfile {
            path: "/far/ledger/h100/profiles/demo/row-01.toml".into(),
            record,
        };
        let profiles = [
            stored(Ok(profile::sample::record())),
            stored(Err("missing field `row`".to_owned())),
        ];
        let related = Related {
            profiles: &profiles,
            ..Related::default()
        };
        let page = run_markdown(&sample::entry(), related, "h100");
        for part in [
            "<details><summary>Profile of qwen_s4096_c3072_bcast11, memory-bound</summary>\n\nNsight Compute 2025.3.1.0",
            "\n\n| moved most | baseline | candidate | change |\n",
            "\n| baseline | scale&lt;3> |",
            "\n\nFile: `ledger/h100/profiles/demo/row-01.toml`\n\n</details>\n\n",
            "> warning: ledger/h100/profiles/demo/row-01.toml cannot be read (missing field \\`row\\`): remove it",
        ] {
            assert!(page.contains(part), "no `{part}` in {page}");
        }
        assert!(!page.contains("/far/"), "{page}");
    }
}
