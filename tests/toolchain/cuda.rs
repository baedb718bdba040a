use kda::toolchain::{Arch, BuildError, Target, argv_difference, included_files};
use std::path::Path;

use crate::fixture::{Fixture, TASK, candidate, toolchain};

#[test]
fn a_side_is_built_for_one_gpu_and_for_all_configured_ones() {
    let (fixture, toolchain) = (Fixture::new(), toolchain());
    if toolchain.nvcc.is_none() {
        eprintln!("skipped: no nvcc on this machine (scripts/install-nvcc.sh installs it)");
        return;
    }
    for target in [Target::cuda(Arch::Sm90a), Target::configured()] {
        let libraries = toolchain
            .build_task(&fixture.project(), TASK, &target)
            .expect("the fixture should compile");
        let (baseline, candidate) = (&libraries.baseline, &libraries.candidate);
        assert_eq!(
            argv_difference(&baseline.argv_compile, &candidate.argv_compile),
            None
        );
        assert!(
            baseline.compiler.starts_with("nvcc 1"),
            "{}",
            baseline.compiler
        );
        assert!(
            baseline
                .imports
                .iter()
                .any(|name| name == "__cudaLaunchKernel")
        );
        // The compiler's list and the textual one agree: no header of the toolkit is in either.
        let textual = included_files(
            fixture.project().root(),
            Path::new("tasks/vector_add/baseline.cu"),
        )
        .expect("the sources should be readable");
        let mut compiled: Vec<_> = baseline
            .dependencies
            .iter()
            .map(|d| d.path.clone())
            .collect();
        compiled.sort();
        assert_eq!(compiled, textual.into_iter().collect::<Vec<_>>());
    }
}

#[test]
fn a_warning_of_nvcc_is_an_error() {
    let (fixture, toolchain) = (Fixture::new(), toolchain());
    if toolchain.nvcc.is_none() {
        eprintln!("skipped: no nvcc on this machine (scripts/install-nvcc.sh installs it)");
        return;
    }
    fixture.edit(
        "candidate.cu",
        "const int64_t n =",
        "int unused = 3;\n  const int64_t n =",
    );
    let error = toolchain
        .build(
            &fixture.project(),
            TASK,
            &candidate(Target::cuda(Arch::Sm90a)),
        )
        .expect_err("an unused variable should be refused");
    assert!(matches!(error, BuildError::Compile { .. }), "{error}");
    assert!(error.to_string().contains("unused"), "{error}");
}
