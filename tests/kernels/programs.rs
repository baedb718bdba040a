//! Every `kernels/tests/*_test.cu`, compiled to a program and run.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use kda::toolchain::{Project, Side, Target, Toolchain, Unit, compile_template};
use rayon::prelude::*;

/// What compiling an object needs, and a program does not.
const OF_OBJECTS: [&str; 4] = ["-MD", "-MF", "{depfile}", "-c"];

/// Compiles and runs one program; the error is what it or the compiler said.
fn passes(root: &Path, compiler: &Path, source: &Path) -> Result<(), String> {
    let name = source.file_stem().unwrap().to_str().unwrap();
    let program = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let unit = Unit::Side {
        side: Side::Candidate,
        target: Target::Emulated,
    };
    let arguments = compile_template(&unit)
        .into_iter()
        .skip(1)
        .filter(|word| !OF_OBJECTS.contains(&word.as_str()))
        .map(|word| match word.as_str() {
            "{source}" => source.to_str().unwrap().to_owned(),
            "{output}" => program.to_str().unwrap().to_owned(),
            _ => word,
        });
    for command in [
        Command::new(compiler).args(arguments).current_dir(root),
        &mut Command::new(&program),
    ] {
        let output = command
            .output()
            .map_err(|error| format!("{name}: {error}"))?;
        if !output.status.success() {
            let said = [output.stdout, output.stderr].concat();
            let said = String::from_utf8_lossy(&said).into_owned();
            return Err(format!("{name}: {}\n{said}", output.status));
        }
    }
    Ok(())
}

#[test]
fn every_program_beside_the_kernels_passes() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let toolchain = Toolchain::find(&Project::at(root));
    let compiler = toolchain
        .host
        .expect("a C++ compiler is what the tests need")
        .program;
    let folder = fs::read_dir(root.join("kernels/tests")).unwrap();
    let sources: Vec<PathBuf> = folder
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_str().is_some_and(|path| path.ends_with("_test.cu")))
        .collect();
    assert!(sources.len() >= 7, "{sources:?}");
    let failed: Vec<String> = sources
        .par_iter()
        .filter_map(|source| passes(root, &compiler, source).err())
        .collect();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}
