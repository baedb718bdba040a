//! `kda profile`, where there is no GPU and where there is one, and profiles beside a ledger in every view.

use std::fs;
use std::path::{Path, PathBuf};

use kda::cli::exit_codes::{NO_DEVICE, PASSED, UNEXPECTED, USAGE};
use kda::ledger::{BoundClass, profile_path};
use kda::profile::{Lane, ProfileRecord, ProfiledKernel, read_counters, units};
use kda::toolchain::Side;
use serde_json::Value;

use crate::lines::{Line, lines};
use crate::measured::{Measured, text};
use crate::profiler::{Answer, FakeProfiler};
use crate::project::Project;

const PROFILE: [&str; 4] = ["profile", "axpy", "--row", "row_small"];

#[test]
fn a_profile_needs_a_gpu_and_a_row_of_the_task() {
    let project = Project::new();
    project
        .kda(&["profile", "axpy", "--row", "no_such_row"])
        .exits(USAGE)
        .prints_nothing()
        .says(&["task `axpy` has no row `no_such_row`", "`kda show axpy`"]);
}

/// Whatever a profiler would say of the emulated device would be no evidence: none is asked.
#[test]
fn no_profiler_is_asked_about_the_emulated_device_and_nothing_is_stored() {
    let project = Project::new();
    let profiler = FakeProfiler::in_project(&project, Answer::Whole);
    let ledgers = project.ledgers();
    let to = ["--gpu", "emulated", "--ledger", text(&ledgers)];
    profiler
        .kda(&[&PROFILE[..], &to].concat())
        .exits(NO_DEVICE)
        .prints_nothing()
        .says(&[
            "the device here is emulated",
            "run it on a machine with an NVIDIA GPU",
        ]);
    assert_eq!(profiler.profiled(), 0);
    assert!(!ledgers.exists());
}

#[test]
fn doctor_names_the_profiler_that_a_profile_would_take() {
    let project = Project::new();
    let profiler = FakeProfiler::in_project(&project, Answer::Whole);
    let program = project.path("bin/ncu");
    let named = format!("Version 2025.3.1.0 (build 1) (fake) ({})", text(&program));
    profiler.kda(&["doctor"]).exits(PASSED).prints(&[&named]);
}

/// On a GPU, with a program in the profiler's place: all but what is counted is real.
#[test]
fn a_profile_on_a_gpu_is_shown_and_stored_and_stays_where_a_later_one_fails() {
    let project = Project::new();
    let ledgers = project.ledgers();
    let to = ["--ledger", text(&ledgers)];
    let profile = [&PROFILE[..], &to].concat();
    let doctor = project.kda(&["doctor"]).exits(PASSED).stdout;
    let is_ncu = |line: &&str| line.starts_with("ncu ");
    let line = doctor.lines().find(is_ncu).expect("doctor looks for it");
    let is_installed = !line.contains("missing");

    let whole = FakeProfiler::in_project(&project, Answer::Whole);
    let first = whole.kda(&profile);
    if first.stderr.contains("the device here is emulated") {
        eprintln!("skipped: no GPU on this machine, or no nvcc to build for it");
        return;
    }
    if !is_installed {
        let without = project.kda(&profile).exits(NO_DEVICE).prints_nothing();
        without.says(&["no ncu (Nsight Compute) is on PATH", "install Nsight"]);
    }
    assert_eq!(whole.profiled(), 2);
    let shown = first.exits(PASSED).prints(&[
        "row_small",
        "moved most:\n  duration: 40.000 us to 30.000 us (-25.0 %)\n",
        "profiled: ",
    ]);
    let (_, path) = shown.stdout.rsplit_once("profiled: ").expect("it was said");
    let path = PathBuf::from(path.trim_end());
    let stored = fs::read_to_string(&path).expect("it is there");
    assert!(
        stored.contains("gpu__time_duration.sum\" = 40000.0"),
        "{stored}"
    );

    let denied = FakeProfiler::in_project(&project, Answer::Denied);
    denied
        .kda(&profile)
        .exits(NO_DEVICE)
        .prints_nothing()
        .says(&[
            "may not read the GPU's performance counters (ERR_NVGPUCTRPERM)",
            "NVreg_RestrictProfilingToAdminUsers=0",
        ]);
    let cut = FakeProfiler::in_project(&project, Answer::Cut);
    cut.kda(&profile)
        .exits(UNEXPECTED)
        .prints_nothing()
        .says(&["ncu's table ends within a line", "TMPDIR"]);
    let kept = fs::read_to_string(&path).expect("it is still there");
    assert_eq!(kept, stored);
}

/// As if ncu had counted both sides of a row of the measured entry.
fn profiled(measured: &Measured) -> (ProfileRecord, PathBuf) {
    let table = |name: &str, duration: &str, read: &str| {
        format!(
            "==PROF== Connected to process 7 (/kda)\n\
             \"ID\",\"Kernel Name\",\"gpu__time_duration.sum\",\"dram__bytes_read.sum\"\n\
             \"\",\"\",\"ns\",\"byte\"\n\"0\",\"{name}\",\"{duration}\",\"{read}\"\n"
        )
    };
    let kernel = |side, table: String| {
        let counted = read_counters(&table).expect("the table is whole");
        let [counted] = &counted[..] else {
            panic!("{counted:?}");
        };
        ProfiledKernel {
            side,
            name: counted.name.clone(),
            local_bytes: Some(0),
            metrics: counted.values.clone(),
        }
    };
    let (baseline, candidate) = (
        table("_Z11axpy_kernelILi1EEvPfPKfi", "40,000", "2,000,000"),
        table("_Z11axpy_kernelILi4EEvPfPKfi", "30,000", "1,000,000"),
    );
    let entry = &measured.entry;
    let record = ProfileRecord {
        format: 1,
        task: entry.task.clone(),
        row: "row_small".to_owned(),
        entry: Some(entry.id.clone()),
        baseline_source: entry.provenance.baseline_source.clone(),
        candidate_source: entry.provenance.candidate_source.clone(),
        gpu: entry.gpu.clone(),
        driver: "580.159.04".to_owned(),
        ncu: "2025.3.1.0".to_owned(),
        command: "kda profile axpy --row row_small".to_owned(),
        class: BoundClass::Memory,
        lane: Lane::Cold,
        clocks: "not controlled".to_owned(),
        contract_bytes: 3_000_000,
        units: units(BoundClass::Memory),
        kernels: vec![
            kernel(Side::Baseline, baseline),
            kernel(Side::Candidate, candidate),
        ],
    };
    let path = record.save(&measured.ledger()).expect("it is writable");
    (record, path)
}

fn show(measured: &Measured, gpu: &str) -> String {
    let ledgers = measured.project.ledgers();
    let show = ["ledger", "show", "axpy", "--gpu", gpu, "--ledger"];
    let shown = measured
        .project
        .kda(&[&show[..], &[text(&ledgers)]].concat());
    shown.exits(PASSED).stdout
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to.parent().expect("it has a folder")).expect("a folder");
    fs::copy(from, to).expect("the folder is writable");
}

#[test]
fn every_view_of_an_entry_has_its_profiles() {
    let measured = Measured::new();
    assert!(!show(&measured, "h100").contains("profiled:"));
    measured
        .report(&["--html"])
        .exits(PASSED)
        .prints(&["`kda profile axpy --row "]);

    let (record, path) = profiled(&measured);
    let other = profile_path(&measured.ledger(), "axpy", "row_small", &"f".repeat(64));
    copy(&path, &other);
    let line = format!("profiled: {}\n", path.display());
    for view in [
        show(&measured, "h100"),
        measured.report(&[]).exits(PASSED).stdout,
    ] {
        assert!(view.ends_with(&line), "{view}");
        assert_eq!(view.matches("profiled:").count(), 1);
    }
    let file = path.file_name().expect("it is a file");
    let file = format!("ledgers/h100/profiles/axpy/{}", file.display());
    measured.report(&["--markdown"]).exits(PASSED).prints(&[
        "<details><summary>Profile of row_small, memory-bound</summary>",
        "| DRAM bytes read | 2.000 MB | 1.000 MB | -50.0 % |\n| duration |",
        "| baseline | axpy_kernel&lt;1> | 40.000 us |",
        &format!("File: `{file}`\n"),
    ]);
    measured.report(&["--html"]).exits(PASSED).prints(&[
        "<h3>row_small, memory-bound</h3>",
        "axpy_kernel&lt;4&gt;",
        &format!("<code>{file}</code>"),
    ]);
    let found = lines(&measured.report(&["--json"]).exits(PASSED).stdout);
    let profiles: Vec<&Value> = found
        .iter()
        .filter_map(|line| match line {
            Line::Profile(profile) => Some(profile),
            _ => None,
        })
        .collect();
    let [profile] = profiles[..] else {
        panic!("{profiles:?}");
    };
    assert_eq!(profile["moved_most"][0], "DRAM bytes read");
    assert_eq!(profile["ncu"], record.ncu);
    assert!(matches!(found.last(), Some(Line::End(_))));
}

#[test]
fn a_profile_that_cannot_be_read_is_told_and_one_of_an_emulated_entry_is_none() {
    let measured = Measured::new();
    let (_, path) = profiled(&measured);
    let emulated = measured.project.ledger();
    let candidate = &measured.entry.provenance.candidate_source;
    copy(
        &path,
        &profile_path(&emulated, "axpy", "row_small", candidate),
    );
    assert!(!show(&measured, "emulated").contains("profile"));

    let whole = fs::read_to_string(&path).expect("it is there");
    fs::write(&path, &whole[..whole.len() / 3]).expect("it is writable");
    let told = "cannot be read (";
    assert!(show(&measured, "h100").contains(told));
    for view in ["--markdown", "--html", "--json"] {
        let shown = measured.report(&[view]).exits(PASSED);
        let what = match view {
            "--json" => "unreadable-profile",
            _ => told,
        };
        shown.prints(&[what]);
    }
}
