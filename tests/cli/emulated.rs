//! The whole way of a run on the emulated device: gates, timing, views, ledger.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use kda::cli::exit_codes::{GATE_FAILED, PASSED};

use crate::lines::Run;
use crate::project::{Finished, Project};

/// One bench of everything, as text and as JSON.
struct Benched {
    project: Project,
    text: Finished,
    json: Finished,
    run: Run,
}

fn benched() -> &'static Benched {
    static RUN: OnceLock<Benched> = OnceLock::new();
    RUN.get_or_init(|| {
        let project = Project::new();
        let ledgers = project.ledgers();
        let folder = ledgers.to_str().unwrap();
        let json = project
            .emulated("bench", &["--ledger", folder, "--json"])
            .exits(PASSED);
        let text = project
            .emulated("bench", &["--ledger", folder, "--quick"])
            .exits(PASSED);
        let run = Run::read(&json.stdout);
        Benched {
            project,
            text,
            json,
            run,
        }
    })
}

#[test]
fn an_emulated_run_passes_and_says_that_it_is_no_evidence_and_why() {
    let benched = benched();
    for finished in [&benched.text, &benched.json] {
        let said = finished.stderr.trim_end();
        assert_eq!(
            said,
            "axpy: emulated on the CPU (as asked): correctness and plumbing only, times are no evidence"
        );
    }
    let text = &benched.text.stdout;
    assert!(
        text.starts_with("no-verdict: emulated, so correctness only"),
        "{text}"
    );
    let auto = benched
        .project
        .kda(&["check", "axpy", "--rows", "row_small"]);
    if !auto.stderr.contains("emulated") {
        eprintln!("skipped: a GPU is here, so --gpu auto does not have to say why it is not used");
        return;
    }
    auto.exits(PASSED).says(&["emulated on the CPU (no "]);
}

#[test]
fn the_lines_say_which_run_it_was_and_where_its_entry_went() {
    let Benched { project, run, .. } = benched();
    assert_eq!((run.begin.schema, run.begin.evidence), (1, Some(false)));
    assert_eq!(run.begin.kda, env!("CARGO_PKG_VERSION"));
    assert_eq!(run.begin.task.as_deref(), Some("axpy"));
    assert_eq!(run.begin.gpu.as_deref(), Some("emulated"));
    assert_eq!(run.end.decision, "no-verdict");
    assert_eq!(run.end.ledger.as_deref(), project.ledger().to_str());
    assert_eq!(
        (run.end.unsaved.as_deref(), run.end.previous.as_str()),
        (None, "")
    );
    assert_eq!(run.end.hash.len(), 64);
    assert_eq!(
        run.warnings,
        ["1 of 9 cases were shortened to fit the emulated device"]
    );
}

/// Checks the first row after an edit to its tensors or its tolerance, and expects the gate to name what passes for it.
#[track_caller]
fn trivially_right(edits: &[(&str, &str)], said: &str) {
    let project = Project::new();
    for (from, to) in edits {
        project.edit("rows.toml", from, to);
    }
    project
        .emulated("check", &["--rows", "row_small"])
        .exits(GATE_FAILED)
        .prints(&[
            "trivial: 1 of 1 check failed",
            "`row_small`, output `out`",
            said,
        ]);
}

const X: &str = r#"x = { role = "in", dtype = "f32", shape = [1000] }"#;
const Y: &str = r#"y = { role = "in", dtype = "f32", shape = [1000] }"#;

#[test]
fn a_row_that_takes_no_work_fails_whoever_computes_it() {
    let filled = |row: &str, fill: &str| row.replace(" }", &format!(", fill = {fill} }}"));
    let constant = |row: &str, value: &str| {
        filled(row, &format!("{{ kind = \"constant\", value = {value} }}"))
    };
    let zero = [constant(X, "0.0"), constant(Y, "0.0")];
    trivially_right(&[(X, &zero[0]), (Y, &zero[1])], "zero everywhere passes");
    let ones = [constant(X, "1.0"), constant(Y, "1.0")];
    trivially_right(
        &[(X, &ones[0]), (Y, &ones[1])],
        "the output for other inputs passes",
    );
    trivially_right(&[(X, &zero[0])], "a copy of `y` passes");
    // Varied, but by less than the tolerance.
    let narrow = |row| filled(row, "{ kind = \"normal\", mean = 9.0, std = 1e-3 }");
    trivially_right(
        &[
            ("atol = 1e-5", "atol = 0.5"),
            (X, &narrow(X)),
            (Y, &narrow(Y)),
        ],
        "the output for other inputs passes",
    );
}

#[test]
fn every_gate_that_can_be_looked_at_was_passed() {
    let run = &benched().run;
    let names: Vec<&str> = run.gates.iter().map(|gate| gate.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "identical-commands",
            "imports",
            "exports",
            "static-state",
            "constructors",
            "depfile",
            "instructions",
            "alive",
            "served",
            "refused",
            "route",
            "graph",
            "written",
            "repeatable",
            "non-finite",
            "tolerance",
            "trivial",
            "error-budget",
            "guards",
            "inputs-unchanged",
            "device-state",
            "timed-outputs",
            "redrawn"
        ]
    );
    for gate in &run.gates {
        assert_eq!(
            (gate.outcome.as_str(), gate.failures),
            ("passed", 0),
            "{gate:?}"
        );
        assert!(gate.cases > 0 && gate.details.is_empty(), "{gate:?}");
    }
    // Three rows and three served sizes, three refusals, each on both sides.
    assert_eq!(
        (run.gate("served").cases, run.gate("refused").cases),
        (12, 6)
    );
}

#[test]
fn every_row_was_measured_and_none_has_a_figure() {
    let run = &benched().run;
    let ids: Vec<&str> = run.rows.iter().map(|row| row.id.as_str()).collect();
    assert_eq!(ids, ["row_small", "row_large", "rider_declined"]);
    for row in &run.rows {
        assert_eq!((row.state.as_str(), row.set.as_str()), ("measured", "main"));
        assert!(row.calls_per_sample > 0 && row.buffer_sets > 0, "{row:?}");
        for figure in [&row.device, &row.device_hot, &row.submit, &row.wall] {
            assert!(figure.is_none(), "{row:?}");
        }
        assert!(row.verdict.is_none() && row.baseline_tb_per_s.is_none());
        assert!(row.candidate_tb_per_s.is_none() && row.candidate_share_of_copy.is_none());
        let graphs = [&row.baseline_graph, &row.candidate_graph];
        for graph in graphs.map(|graph| graph.as_ref().expect("a measured row has its graphs")) {
            assert_eq!(graph.nodes.len(), 1, "{graph:?}");
            assert!(graph.nodes[0].contains("axpy_kernel"), "{graph:?}");
        }
    }
    assert_eq!(
        run.row("row_large").shrunk.as_deref(),
        Some("N 100000 -> 32768")
    );
    assert_eq!(run.row("row_small").bytes, 12_000);
}

#[test]
fn a_declined_row_passes_and_is_served_by_the_baseline() {
    let run = &benched().run;
    let row = run.row("rider_declined");
    assert!(row.declined && !row.production);
    let bucket = run
        .buckets
        .iter()
        .find(|bucket| bucket.name == "declined")
        .unwrap();
    assert!(bucket.declined && bucket.speedup.is_none());
    assert_eq!(bucket.rows, ["rider_declined"]);
    assert_eq!(bucket.why, "the row asks for it");
    // The graph that was timed is the baseline's.
    let print = |graph: &Option<crate::lines::Graph>| graph.as_ref().unwrap().fingerprint.clone();
    assert_eq!(print(&row.candidate_graph), print(&row.baseline_graph));
}

#[test]
fn the_text_shows_rows_and_buckets_without_a_time_or_a_speedup() {
    let text = &benched().text.stdout;
    for shown in [
        "row_small",
        "row_large",
        "N 100000 -> 32768",
        "one_pass",
        "the row asks for it",
        "seed 7",
    ] {
        assert!(text.contains(shown), "no `{shown}` in\n{text}");
    }
    for figure in ["TB/s", " us", "interval", "1.0x", "% of copy"] {
        assert!(!text.contains(figure), "`{figure}` in\n{text}");
    }
    // The column of speedups holds nothing.
    let bucket = text
        .lines()
        .find(|line| line.starts_with("one_pass"))
        .unwrap();
    let words: Vec<&str> = bucket.split_whitespace().collect();
    assert_eq!(words[..4], ["one_pass", "2", "2", "-"]);
    let widest = text.lines().map(|line| line.chars().count()).max();
    assert!(widest <= Some(120), "{widest:?} columns in\n{text}");
}

#[test]
fn the_command_and_the_seed_are_recorded_as_typed() {
    let stored = fs::read_to_string(benched().project.ledger()).unwrap();
    assert!(
        stored.contains("kda bench axpy --gpu emulated --seed 7 --ledger "),
        "{stored}"
    );
    assert_eq!(stored.matches("\nseed = \"7\"\n").count(), 2);
    assert_eq!(stored.matches("[[entry]]\n").count(), 2);
}

#[test]
fn by_default_an_emulated_entry_goes_to_the_target_folder_and_never_to_the_project() {
    let project = Project::new();
    let arguments = ["--rows", "row_small", "--quick", "--json"];
    let finished = project.emulated("bench", &arguments).exits(PASSED);
    let ledger = PathBuf::from(Run::read(&finished.stdout).end.ledger.unwrap());
    assert!(
        ledger.ends_with("kda/ledger/emulated/axpy.toml"),
        "{ledger:?}"
    );
    assert!(fs::read_to_string(&ledger).unwrap().contains("id = "));
    fs::remove_file(&ledger).unwrap();
    assert!(!ledger.starts_with(project.path("")));
    assert!(!project.path("ledger").exists());
}

#[test]
fn without_a_ledger_nothing_is_written() {
    let project = Project::new();
    let before = files(&project.path(""));
    let arguments = ["--rows", "row_small", "--quick", "--no-ledger", "--json"];
    let finished = project.emulated("bench", &arguments).exits(PASSED);
    let end = Run::read(&finished.stdout).end;
    assert_eq!((end.ledger, end.hash.as_str()), (None, ""));
    let check = project
        .emulated("check", &["--rows", "row_small"])
        .exits(PASSED);
    check.prints(&["not recorded: "]);
    assert_eq!(files(&project.path("")), before);
}

#[test]
fn check_runs_the_gates_and_times_nothing() {
    let project = Project::new();
    let finished = project.emulated("check", &["--json"]).exits(PASSED);
    let run = Run::read(&finished.stdout);
    assert!(run.rows.iter().all(|row| row.state == "not-timed"));
    assert!(run.gates.iter().all(|gate| gate.name != "timed-outputs"));
    assert_eq!(run.end.decision, "no-verdict");
    let text = project.emulated("check", &[]).exits(PASSED);
    text.prints(&["not timed row_small, row_large, rider_declined: gates only"]);
}

#[test]
fn rows_and_sets_select_and_the_part_is_marked() {
    let project = Project::new();
    let small = project
        .emulated("check", &["--rows", "row_s*", "--json"])
        .exits(PASSED);
    let run = Run::read(&small.stdout);
    assert_eq!(run.rows.len(), 1);
    assert!(
        run.warnings[0].contains("a part of the rows was run"),
        "{:?}",
        run.warnings
    );
    let rider = project.emulated("check", &["--rows", "rider_declined", "--json"]);
    let run = Run::read(&rider.exits(PASSED).stdout);
    assert_eq!(run.end.decision, "no-verdict");
    assert!(
        run.warnings[0]
            .starts_with("no production row was run, so there is no verdict on the task: --rows"),
        "{:?}",
        run.warnings
    );
    let one = project.emulated("check", &["--rows", "sizes/dtype=f32,n=129", "--json"]);
    let run = Run::read(&one.exits(PASSED).stdout);
    assert_eq!((run.rows.len(), run.gate("served").cases), (0, 2));
    // No row of the set, but the grid guards every set.
    let faults = project
        .emulated("check", &["--set", "faults", "--json"])
        .exits(PASSED);
    let run = Run::read(&faults.stdout);
    assert_eq!((run.rows.len(), run.gate("served").cases), (0, 6));
}

#[test]
fn all_tasks_are_run_and_the_worst_outcome_is_the_exit_code() {
    let project = Project::new();
    let finished = project.kda(&["check", "--all", "--gpu", "emulated", "--rows", "row_small"]);
    finished.exits(PASSED).prints(&["axpy, 1 row"]);
    project.edit(
        "candidate.cu",
        "default: return serve(call);",
        "default: return KDA_OK;",
    );
    project
        .kda(&[
            "check",
            "axpy",
            "axpy",
            "--gpu",
            "emulated",
            "--rows",
            "row_small",
        ])
        .exits(GATE_FAILED)
        .prints(&["gates failed: graph"]);
}

#[test]
fn an_edited_candidate_is_built_again_without_being_told() {
    let project = Project::new();
    let of_candidate = |project: &Project| {
        let arguments = ["--rows", "row_small", "--json"];
        let run = project.emulated("check", &arguments).exits(PASSED).stdout;
        let provenance = run.lines().nth(1).unwrap().to_owned();
        let line: serde_json::Value = serde_json::from_str(&provenance).unwrap();
        let hash = |key: &str| line["data"][key].as_str().unwrap().to_owned();
        (hash("candidate_source"), hash("contract_hash"))
    };
    let (source, contract) = of_candidate(&project);
    project.edit("candidate.cu", "// out = a", "// Edited. out = a");
    let (edited, same_contract) = of_candidate(&project);
    assert_ne!(source, edited);
    assert_eq!(contract, same_contract);
    project.edit(
        "rows.toml",
        "# Rows that behave",
        "# Rows that still behave",
    );
    let (same_source, other_contract) = of_candidate(&project);
    assert_eq!(edited, same_source);
    assert_ne!(contract, other_contract);
}

/// Every file below `folder`, sorted.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() && !path.is_symlink() {
            true => found.extend(files(&path)),
            false => found.push(path),
        }
    }
    found.sort();
    found
}
