//! Candidates that misbehave: each fault costs its row alone, and is reported with its cause.

use std::sync::OnceLock;

use kda::cli::exit_codes::{BUILD_FAILED, GATE_FAILED, ROW_LOST};

use crate::lines::Run;
use crate::project::Project;

/// One check of every fault and of rows that behave, shared by the tests that look at it.
fn every_fault() -> &'static Run {
    static RUN: OnceLock<Run> = OnceLock::new();
    RUN.get_or_init(|| {
        let project = Project::of_faults();
        let limits = ["--limit", "2", "--memory-limit", "1"];
        let finished = project.emulated("check", &[&["--json"], &limits[..]].concat());
        Run::read(&finished.exits(ROW_LOST).stdout)
    })
}

#[track_caller]
pub fn is_lost(row: &str, causes: &[&str]) {
    let row = every_fault().row(row);
    assert_eq!(row.state, "lost", "{row:?}");
    let reason = row.reason.as_deref().unwrap_or_default();
    for cause in causes {
        assert!(reason.contains(cause), "no `{cause}` in {reason}");
    }
    assert!(reason.starts_with("candidate: "), "{reason}");
}

/// The gate fails on `case`, on the candidate's side, with these words.
#[track_caller]
fn fails(gate: &str, case: &str, words: &str) {
    let gate = every_fault().gate(gate);
    assert_eq!(gate.outcome, "failed");
    let start = format!("`{case}`, candidate: ");
    let detail = gate
        .details
        .iter()
        .find(|detail| detail.starts_with(&start));
    let detail = detail.unwrap_or_else(|| panic!("nothing about `{case}` in {gate:?}"));
    assert!(detail.contains(words), "no `{words}` in {detail}");
}

#[test]
fn a_crash_in_a_launch_costs_its_row() {
    is_lost("fault_segfault", &["SIGSEGV", "invalid memory access"]);
    is_lost("fault_abort", &["SIGABRT"]);
    is_lost("fault_exit", &["exit code 0"]);
}

#[test]
fn a_crash_in_a_kernel_costs_its_row() {
    is_lost("fault_wild_kernel", &["SIGSEGV"]);
}

#[test]
fn a_launch_that_never_returns_costs_its_row_after_the_limit() {
    is_lost("fault_spin", &["no answer within 2 s", "may hang"]);
}

#[test]
fn an_error_status_and_one_that_is_none_cost_their_rows() {
    is_lost("fault_cuda_error", &["kda_launch", "KDA_CUDA_ERROR"]);
    is_lost("fault_no_status", &["77, which is no KdaStatus"]);
}

#[test]
fn a_deadlock_names_kernel_block_and_barrier() {
    is_lost(
        "fault_deadlock",
        &[
            "deadlock_kernel",
            "block (0,0,0)",
            "deadlock: 1 of 64 threads waits at __syncwarp",
            "63 of 64 threads wait at __syncthreads",
        ],
    );
}

#[test]
fn every_lost_row_fails_the_gate_of_life_and_no_other_row_is_lost() {
    let run = every_fault();
    let lost = run.rows.iter().filter(|row| row.state == "lost").count();
    assert_eq!((lost, run.gate("alive").failures), (16, 16));
    assert_eq!(run.end.decision, "invalid");
}

#[test]
fn rows_around_the_faults_are_checked_all_the_same() {
    let run = every_fault();
    for id in ["row_first", "row_slow", "row_last"] {
        let row = run.row(id);
        assert_eq!(
            (row.state.as_str(), row.bucket.as_str()),
            ("not-timed", "one_pass")
        );
        assert_eq!(row.reason.as_deref(), Some("gates only"));
    }
    let mut details = run.gates.iter().flat_map(|gate| &gate.details);
    assert!(details.all(|detail| !detail.contains("row_") && !detail.contains("baseline:")));
    // Both sides of every served case that lived were compared.
    let served = run.gate("served");
    assert_eq!((served.cases, served.failures), (31 * 2 - 16, 1));
}

#[test]
fn a_refusal_of_what_the_contract_accepts_fails() {
    fails("served", "fault_refuse", "answered KDA_INVALID_ARGUMENT");
}

#[test]
fn a_call_that_launches_nothing_fails() {
    fails("graph", "fault_idle", "launches nothing");
    fails("written", "fault_idle", "`out`[0] is not written");
}

#[test]
fn a_wrong_element_fails_the_tolerance_and_the_error_budget() {
    fails("tolerance", "fault_wrong", "`out`[250]: expected ");
    fails("tolerance", "fault_wrong", "found 1000");
    fails("error-budget", "fault_wrong", "baseline ");
}

#[test]
fn a_nan_that_the_oracle_lacks_fails() {
    fails("non-finite", "fault_not_a_number", "`out`[250]: expected ");
    fails("non-finite", "fault_not_a_number", "found NaN");
}

#[test]
fn an_element_that_is_not_written_fails() {
    fails("written", "fault_partial", "`out`[499] is not written");
}

#[test]
fn a_write_past_the_output_fails() {
    fails("guards", "fault_overrun", "1 guard words");
}

#[test]
fn a_changed_input_fails() {
    fails(
        "inputs-unchanged",
        "fault_overwrite_input",
        "an input changed",
    );
}

#[test]
fn an_output_that_differs_from_run_to_run_fails() {
    fails(
        "repeatable",
        "fault_unsteady",
        "the second run on the same inputs differs",
    );
}

#[test]
fn a_route_that_lies_or_says_nothing_fails() {
    fails(
        "route",
        "fault_untrue_route",
        "kda_route answers KDA_DECLINED, kda_launch KDA_OK",
    );
    fails(
        "route",
        "fault_nameless_route",
        "names no bucket or no path",
    );
    fails(
        "route",
        "refusals/conduct=decline",
        "kda_route answers KDA_INVALID_ARGUMENT, kda_launch KDA_DECLINED",
    );
}

#[test]
fn a_refused_call_must_write_and_launch_nothing() {
    fails(
        "refused",
        "refusals/conduct=write-and-refuse",
        "wrote 1 words",
    );
    fails(
        "refused",
        "refusals/conduct=launch-and-refuse",
        "but launched",
    );
    fails(
        "refused",
        "refusals/conduct=serve-all",
        "answered KDA_OK instead",
    );
    // What behaves is refused without a word.
    assert_eq!(every_fault().gate("refused").failures, 3);
}

#[test]
fn the_text_of_a_failed_check_shows_gates_causes_and_every_row() {
    let project = Project::of_faults();
    let finished = project.emulated("check", &["--rows", "*_[wsl]*", "--limit", "2"]);
    finished.exits(ROW_LOST).prints(&[
        "gates failed: alive",
        "fault_segfault",
        "lost fault_segfault, fault_wild_kernel: candidate: the worker died (SIGSEGV",
        "lost fault_spin: candidate: the worker gave no answer within 2 s",
        "`fault_wrong`, candidate: `out`[250]",
        "row_last",
        "not recorded",
    ]);
}

#[test]
fn a_failed_gate_alone_has_its_own_exit_code_and_stops_the_timing() {
    let project = Project::of_faults();
    let finished = project.emulated(
        "bench",
        &["--rows", "*[wt]*", "--set", "main", "--json", "--no-ledger"],
    );
    // Of the set `main` the slow row, and all refusals, which belong to every set.
    let run = Run::read(&finished.exits(GATE_FAILED).stdout);
    let ids: Vec<&str> = run.rows.iter().map(|row| row.id.as_str()).collect();
    assert_eq!(ids, ["row_first", "row_slow", "row_last"]);
    for row in &run.rows {
        assert_eq!(row.state, "not-timed");
        assert_eq!(
            row.reason.as_deref(),
            Some("a gate failed, on this row or another")
        );
    }
    assert_eq!(run.gate("refused").failures, 3);
}

#[test]
fn a_side_that_dies_on_every_case_is_given_up_and_the_other_is_not() {
    let project = Project::of_faults();
    let rows = project.read("rows.toml");
    let grid = rows.find("# What must be refused").unwrap();
    let deaths = r#"
[[grid]]
name = "deaths"
entry = "axpy"
axes = { n = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22] }
tolerance = { "*" = [1e-5, 1e-5] }
scalars = { a = 3.0, conduct = "abort" }
[grid.tensors]
x = { role = "in", dtype = "f32", shape = ["n"] }
y = { role = "in", dtype = "f32", shape = ["n"] }
out = { role = "out", dtype = "f32", shape = ["n"] }
"#;
    project.write("rows.toml", &format!("{}{deaths}", &rows[..grid]));
    let finished = project.emulated("check", &["--rows", "deaths/*", "--json"]);
    // No row was lost, only cases of a grid.
    let run = Run::read(&finished.exits(GATE_FAILED).stdout);
    let alive = run.gate("alive");
    assert_eq!((alive.cases, alive.failures), (44, 22));
    assert!(
        alive
            .details
            .iter()
            .all(|detail| detail.contains("SIGABRT"))
    );
    assert_eq!(run.gate("served").cases, 22);
    assert!(run.rows.is_empty());
}

#[test]
fn calls_that_launch_different_kernels_in_a_timed_sample_fail() {
    let project = Project::of_faults();
    let arguments = ["--rows", "fault_alternate", "--json", "--no-ledger"];
    let finished = project.emulated("bench", &arguments);
    let run = Run::read(&finished.exits(GATE_FAILED).stdout);
    let failed: Vec<&str> = failed_gates(&run);
    assert_eq!(failed, ["graph"]);
    let details = &run.gate("graph").details;
    assert!(
        details[0].contains("`fault_alternate`, timed: candidate: ")
            && details[0].contains("of a sample launch 6 nodes, not the same number each"),
        "{details:?}"
    );
}

#[test]
fn a_result_that_is_wrong_only_when_it_is_timed_fails() {
    let project = Project::of_faults();
    let arguments = ["--rows", "fault_drift", "--json", "--no-ledger"];
    let finished = project.emulated("bench", &arguments);
    let run = Run::read(&finished.exits(GATE_FAILED).stdout);
    let failed = failed_gates(&run);
    assert!(failed.contains(&"timed-outputs"), "{failed:?}");
    let detail = &run.gate("timed-outputs").details[0];
    assert!(
        detail.contains("`fault_drift`, candidate: `out`["),
        "{detail}"
    );
    assert_eq!(run.gate("tolerance").failures, 0);
}

fn failed_gates(run: &Run) -> Vec<&str> {
    let failed = run.gates.iter().filter(|gate| gate.outcome == "failed");
    failed.map(|gate| gate.name.as_str()).collect()
}

/// Edits the candidate, and expects `bench` to end before anything runs, with the ledger as it was.
#[track_caller]
fn does_not_build(file: &str, (from, to): (&str, &str), said: &[&str]) {
    let project = Project::new();
    project.edit(file, from, to);
    let ledger = project.ledger();
    let before = "# as it was\n";
    std::fs::create_dir_all(ledger.parent().unwrap()).unwrap();
    std::fs::write(&ledger, before).unwrap();
    let ledgers = project.ledgers();
    project
        .emulated("bench", &["--ledger", ledgers.to_str().unwrap()])
        .exits(BUILD_FAILED)
        .prints_nothing()
        .says(said);
    assert_eq!(std::fs::read_to_string(&ledger).unwrap(), before);
}

#[test]
fn a_compile_error_shows_what_the_compiler_says() {
    does_not_build(
        "candidate.cu",
        (
            "default: return serve(call);",
            "default: return serve(cal);",
        ),
        &[
            "candidate-emulated of task `axpy` does not compile",
            "tasks/axpy/candidate.cu:",
            "error: 'cal' was not declared",
        ],
    );
}

#[test]
fn a_chevron_launch_needs_a_gpu() {
    does_not_build(
        "candidate.cu",
        (
            "return run(call, wild_kernel, 32, nowhere);",
            "wild_kernel<<<1, 32>>>(nowhere);",
        ),
        &[
            "needs a GPU",
            "a <<<>>> launch",
            "launch through kda::launch",
            "--gpu h100",
        ],
    );
}

#[test]
fn inline_ptx_needs_a_gpu() {
    does_not_build(
        "candidate.cu",
        (
            "nowhere[threadIdx.x] = 1.0f;",
            r#"asm volatile("mov.u32 %0, %%laneid;" : "=r"(nowhere));"#,
        ),
        &[
            "needs a GPU",
            "inline PTX",
            "the wrappers of kernels/include/kda",
        ],
    );
}

#[test]
fn a_missing_symbol_is_named() {
    does_not_build(
        "candidate.cu",
        (
            "int32_t kda_route(const",
            "extern \"C\" KDA_EXPORT int32_t kda_rout(const",
        ),
        &["missing: kda_route", "not allowed: kda_rout", "kda/abi.h"],
    );
}

#[test]
fn another_abi_version_is_refused_with_both_numbers() {
    does_not_build(
        "candidate.cu",
        ("return KDA_ABI_VERSION;", "return 2;"),
        &[
            "the candidate cannot be loaded",
            "it has ABI version 2, this harness has 1",
            "compile it against this kda/abi.h",
        ],
    );
    does_not_build(
        "baseline.cu",
        ("return KDA_ABI_VERSION;", "return 2;"),
        &["the baseline cannot be loaded", "it has ABI version 2"],
    );
}

#[test]
fn a_candidate_that_dies_while_it_is_loaded_is_named() {
    does_not_build(
        "candidate.cu",
        (
            "__device__ unsigned num_runs;",
            "unsigned crash() { abort(); }\nunsigned num_runs = crash();",
        ),
        &["the candidate cannot be loaded", "SIGABRT"],
    );
}
