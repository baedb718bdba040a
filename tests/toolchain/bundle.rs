use std::collections::BTreeSet;
use std::fs::File;

use flate2::read::GzDecoder;
use kda::toolchain::{Arch, BuildError, BundleRecord, Origin, Project, Target, Unit, pack};

use crate::fixture::{Fixture, TASK, candidate, no_toolchain, toolchain};

/// Packs the fixture for these targets and unpacks it elsewhere.
fn unpacked(fixture: &Fixture, targets: &[Target]) -> (tempfile::TempDir, Project) {
    let executable = std::env::current_exe().expect("a test is an executable");
    let archive = fixture.path("out/kda.tar.gz");
    let summary = pack(
        &fixture.project(),
        &toolchain(),
        targets,
        &BTreeSet::new(),
        &executable,
        &archive,
    )
    .expect("the fixture should be packed");
    assert!(summary.left_out.is_empty(), "{:?}", summary.left_out);
    let elsewhere = tempfile::tempdir().expect("a temporary folder");
    let file = File::open(&archive).expect("the archive should be there");
    tar::Archive::new(GzDecoder::new(file))
        .unpack(elsewhere.path())
        .expect("the archive should unpack");
    let project = Project::at(&elsewhere.path().join("kda"));
    assert_eq!(project.origin(), Origin::Bundle);
    (elsewhere, project)
}

#[test]
fn a_packed_oracle_is_found_where_there_is_no_compiler() {
    let fixture = Fixture::new();
    let (_folder, project) = unpacked(&fixture, &[]);
    let oracle = no_toolchain()
        .build(&project, TASK, &Unit::Oracle)
        .expect("the packed oracle should be found");
    assert!(oracle.library.starts_with(project.root()));
    let record = BundleRecord::read(project.root()).expect("the record should be readable");
    assert!(record.files.contains_key("kernels/include/kda/abi.h"));
    assert_eq!(record.compilers, [oracle.compiler]);
}

#[test]
fn an_edited_source_in_a_bundle_without_compilers_is_named() {
    let fixture = Fixture::new();
    let (_folder, project) = unpacked(&fixture, &[]);
    let source = project.root().join("tasks/vector_add/oracle.cpp");
    std::fs::write(source, "// edited").expect("the source should be writable");
    let error = no_toolchain()
        .build(&project, TASK, &Unit::Oracle)
        .expect_err("nothing was packed from this source");
    assert!(matches!(error, BuildError::PackedFromOtherSources { .. }));
    assert!(
        error.to_string().contains("tasks/vector_add/oracle.cpp"),
        "{error}"
    );
}

#[test]
fn a_packed_side_is_found_for_its_gpu_and_no_other() {
    let (fixture, toolchain) = (Fixture::new(), toolchain());
    if toolchain.nvcc.is_none() {
        eprintln!("skipped: no nvcc on this machine (scripts/install-nvcc.sh installs it)");
        return;
    }
    let (_folder, project) = unpacked(&fixture, &[Target::cuda(Arch::Sm90a)]);
    let side = no_toolchain()
        .build(&project, TASK, &candidate(Target::cuda(Arch::Sm90a)))
        .expect("the packed side should be found");
    assert!(side.compiler.starts_with("nvcc"));
    let error = no_toolchain()
        .build(&project, TASK, &candidate(Target::cuda(Arch::Sm100a)))
        .expect_err("the bundle was packed for another GPU");
    assert!(matches!(error, BuildError::NotPacked { .. }), "{error}");
}

#[test]
fn a_unit_that_does_not_build_is_left_out_and_the_others_are_packed() {
    let fixture = Fixture::new();
    fixture.edit("oracle.cpp", "return KDA_OK;", "return;");
    let executable = std::env::current_exe().expect("a test is an executable");
    let archive = fixture.path("kda.tar.gz");
    let summary = pack(
        &fixture.project(),
        &toolchain(),
        &[],
        &BTreeSet::new(),
        &executable,
        &archive,
    )
    .expect("the rest should be packed");
    assert!(matches!(summary.left_out[..], [BuildError::Compile { .. }]));
    assert!(
        summary
            .record
            .files
            .contains_key("tasks/vector_add/candidate.cu")
    );
}

#[test]
fn a_side_edited_in_a_bundle_takes_the_other_along_to_the_compiler_there() {
    let fixture = Fixture::new();
    let (_folder, project) = unpacked(&fixture, &[Target::Emulated]);
    let mut there = toolchain();
    let host = there.host.as_mut().expect("tests need a C++ compiler");
    host.version = "another c++ 1.0".to_owned();

    let untouched = there
        .build_task(&project, TASK, &Target::Emulated)
        .expect("the packed sides should be found");
    assert!(!untouched.baseline.compiler.contains("another"));

    let source = project.root().join("tasks/vector_add/candidate.cu");
    let text = std::fs::read_to_string(&source).expect("the source should be readable");
    std::fs::write(&source, format!("{text}\n// edited\n")).expect("it should be writable");
    let edited = there
        .build_task(&project, TASK, &Target::Emulated)
        .expect("both sides should be compiled here");
    assert!(edited.candidate.compiler.contains("another"));
    assert_eq!(edited.baseline.compiler, edited.candidate.compiler);
}
