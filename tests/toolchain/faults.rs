use kda::toolchain::{BuildError, Request, Target, Unit};

use crate::fixture::{Fixture, TASK, candidate, no_toolchain, toolchain};

#[test]
fn a_compile_error_carries_the_compilers_words_and_stops_no_other_unit() {
    let fixture = Fixture::new();
    fixture.edit(
        "candidate.cu",
        "return KDA_DECLINED;",
        "return KDA_DECLINDE;",
    );
    let requests = Unit::of_target(&Target::Emulated).map(|unit| Request {
        task: TASK.to_owned(),
        unit,
    });
    let results = toolchain().build_all(&fixture.project(), &requests);
    assert!(results[0].is_ok() && results[2].is_ok());
    let error = results[1]
        .as_ref()
        .expect_err("the candidate should not compile");
    assert!(matches!(error, BuildError::Compile { .. }));
    let text = error.to_string();
    assert!(
        text.contains("candidate-emulated of task `vector_add`"),
        "{text}"
    );
    assert!(text.contains("KDA_DECLINDE"), "{text}");
    assert!(text.contains("tasks/vector_add/candidate.cu:"), "{text}");
}

#[test]
fn a_missing_and_an_extra_export_are_named() {
    let fixture = Fixture::new();
    fixture.edit("sides.h", "kda_route(", "kda_rout(");
    let error = toolchain()
        .build(&fixture.project(), TASK, &candidate(Target::Emulated))
        .expect_err("an export is missing");
    let BuildError::Exports { missing, extra, .. } = error else {
        panic!("not about exports: {error}");
    };
    assert_eq!(missing, ["kda_route"]);
    assert_eq!(extra, ["kda_rout"]);
}

#[test]
fn an_undefined_function_is_a_link_error_not_a_load_error() {
    let fixture = Fixture::new();
    fixture.edit(
        "candidate.cu",
        "#include \"sides.h\"",
        "#include \"sides.h\"\nint32_t elsewhere();",
    );
    fixture.edit(
        "candidate.cu",
        "return KDA_DECLINED;",
        "return elsewhere();",
    );
    let error = toolchain()
        .build(&fixture.project(), TASK, &candidate(Target::Emulated))
        .expect_err("a function is undefined");
    assert!(matches!(error, BuildError::Link { .. }), "{error}");
    assert!(error.to_string().contains("elsewhere"), "{error}");
}

#[test]
fn a_chevron_launch_needs_a_gpu() {
    let fixture = Fixture::new();
    fixture.edit(
        "candidate.cu",
        "return KDA_DECLINED;",
        "add<<<1, 256>>>(1);",
    );
    let error = toolchain()
        .build(&fixture.project(), TASK, &candidate(Target::Emulated))
        .expect_err("the host has no launch syntax");
    assert!(matches!(error, BuildError::NeedsGpu { .. }), "{error}");
    assert!(error.to_string().contains("a <<<>>> launch"), "{error}");
}

#[test]
fn a_missing_source_and_missing_compilers_are_said() {
    let fixture = Fixture::new();
    let unit = candidate(Target::Emulated);
    let error = no_toolchain().build(&fixture.project(), TASK, &unit);
    assert!(matches!(error, Err(BuildError::NoHostCompiler { .. })));
    let mut toolchain = toolchain();
    toolchain.nvcc = None;
    let error = toolchain
        .build(&fixture.project(), TASK, &candidate(Target::configured()))
        .expect_err("there is no nvcc");
    assert!(
        error.to_string().contains("scripts/install-nvcc.sh"),
        "{error}"
    );
    let error = toolchain
        .build(&fixture.project(), "no_such_task", &unit)
        .expect_err("there is no such task");
    assert!(error.to_string().contains("no candidate.cu"), "{error}");
}
