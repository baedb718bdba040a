//! The argument vectors. One function each for compiling and linking: a side's role never reaches them.
//!
//! Compilers run in the project's root with relative paths, so that neither an argument vector nor an object depends
//! on where the checkout lies. What does vary stands as a placeholder: `{source}`, `{output}`, `{depfile}`, `{kept}` (a
//! folder for what nvcc makes on the way), `{object}`, `{exports}` (the linker's list of exported symbols), `{c++}`,
//! `{nvcc}` and `{cuda}` (the toolkit's folder).

use super::target::{Arch, Target, Unit};

/// Compiles `{source}` to the object `{output}` and lists what it included in `{depfile}`.
pub fn compile_template(unit: &Unit) -> Vec<String> {
    match unit {
        Unit::Oracle => oracle(),
        Unit::Side { target, .. } | Unit::Support { target } => match target {
            Target::Emulated => emulated("-O3"),
            Target::Sanitized => emulated(&format!("{SANITIZED} -O1 -g1 -fno-omit-frame-pointer")),
            Target::Cuda { arches } => cuda(arches),
        },
    }
}

/// Links `{object}` to the shared library `{output}`, which exports what `{exports}` lists.
pub fn link_template(unit: &Unit) -> Vec<String> {
    let arches = match unit {
        Unit::Side {
            target: Target::Cuda { arches },
            ..
        }
        | Unit::Support {
            target: Target::Cuda { arches },
        } => arches,
        Unit::Side {
            target: Target::Sanitized,
            ..
        }
        | Unit::Support {
            target: Target::Sanitized,
        } => {
            return words(&format!(
                "{{c++}} -shared -pthread {SANITIZED} -Wl,-z,defs -Wl,--version-script={{exports}} {{object}} \
                 -o {{output}}"
            ));
        }
        // The oracle travels in bundles: it must not need the libstdc++ of the machine that built it.
        Unit::Side { .. } | Unit::Support { .. } | Unit::Oracle => {
            return words(
                "{c++} -shared -pthread -static-libgcc -static-libstdc++ -Wl,-z,defs \
                 -Wl,--version-script={exports} {object} -o {output}",
            );
        }
    };
    let mut argv = words("{nvcc} -ccbin {c++} -shared -cudart static");
    argv.extend(arches.iter().map(|arch| gencode(*arch)));
    // PyPI's toolkit keeps the runtime in lib; an installed one, where nvcc looks by itself.
    argv.extend(words(
        "-L{cuda}/lib -Xlinker -z -Xlinker defs -Xlinker --version-script={exports} {object} -o {output}",
    ));
    argv
}

/// Both sanitizers, each of which ends the process with its first finding.
const SANITIZED: &str = "-fsanitize=address,undefined -fno-sanitize-recover=undefined";

fn cuda(arches: &[Arch]) -> Vec<String> {
    // Line information is most of an object: compressed, a library has 1.5 MB instead of 5.
    let mut argv = words(
        "{nvcc} -ccbin {c++} -O3 -std=c++20 --expt-relaxed-constexpr -lineinfo -compress-mode=size \
         -Xcompiler -fPIC,-fvisibility=hidden,-Wall -Werror all-warnings",
    );
    argv.extend(arches.iter().map(|arch| gencode(*arch)));
    // PTX and cubin are those inside the object, at hand without a second compilation. System headers stand in the
    // depfile too: a pragma makes any header one.
    argv.extend(words(
        "-Ikernels/include -Ibaselines -MD -MF {depfile} --keep --keep-dir {kept} -c {source} -o {output}",
    ));
    argv
}

/// `-ffp-contract=off` keeps the rounding points of the source, and `-fno-strict-aliasing` gives its casts between
/// vector types the meaning that nvcc gives them. No `-march`: x86-64-v3 was measured and brought nothing.
fn emulated(code: &str) -> Vec<String> {
    let mut argv = words("{c++} -x c++ -std=c++20");
    argv.extend(words(code));
    argv.extend(words(
        "-ffp-contract=off -fno-strict-aliasing -DKDA_EMULATED -fPIC -fvisibility=hidden \
         -Wall -Wno-unknown-pragmas -Wno-psabi -pthread \
         -Ikernels/include/kda/emulated -Ikernels/include -Ibaselines -MD -MF {depfile} -c {source} -o {output}",
    ));
    argv
}

/// For any processor of the architecture: a bundle carries the oracle to other machines.
fn oracle() -> Vec<String> {
    words(
        "{c++} -std=c++20 -O3 -ffp-contract=off -fPIC -fvisibility=hidden -Wall -pthread -Ikernels/include \
         -MD -MF {depfile} -c {source} -o {output}",
    )
}

fn gencode(arch: Arch) -> String {
    let number = arch.number();
    format!("-gencode=arch=compute_{number},code=sm_{number}")
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

/// Replaces placeholders; each is given with its value.
pub(crate) fn expand(template: &[String], values: &[(&str, &str)]) -> Vec<String> {
    template
        .iter()
        .map(|word| {
            values.iter().fold(word.clone(), |word, (name, value)| {
                word.replace(name, value)
            })
        })
        .collect()
}

/// The first word in which two recorded argument vectors differ, as (baseline's, candidate's); `None` when they are
/// the same, as they must be.
pub fn argv_difference(baseline: &[String], candidate: &[String]) -> Option<(String, String)> {
    let longest = baseline.len().max(candidate.len());
    let word = |argv: &[String], i: usize| argv.get(i).cloned().unwrap_or_default();
    (0..longest)
        .find(|&i| baseline.get(i) != candidate.get(i))
        .map(|i| (word(baseline, i), word(candidate, i)))
}

#[cfg(test)]
mod tests {
    use super::super::target::Side;
    use super::*;

    #[test]
    fn both_sides_have_one_argument_vector_on_every_target() {
        for target in [
            Target::Emulated,
            Target::Sanitized,
            Target::cuda(Arch::Sm90a),
            Target::configured(),
        ] {
            let [baseline, candidate] = Side::BOTH.map(|side| Unit::Side {
                side,
                target: target.clone(),
            });
            assert_eq!(compile_template(&baseline), compile_template(&candidate));
            assert_eq!(link_template(&baseline), link_template(&candidate));
        }
    }

    #[test]
    fn a_differing_flag_is_named() {
        let baseline = words("nvcc -O3 -c");
        let candidate = words("nvcc -O3 --use_fast_math -c");
        assert_eq!(
            argv_difference(&baseline, &candidate),
            Some(("-c".to_owned(), "--use_fast_math".to_owned()))
        );
        assert_eq!(argv_difference(&baseline, &baseline), None);
    }

    #[test]
    fn a_fat_object_names_every_architecture() {
        let unit = Unit::Side {
            side: Side::Baseline,
            target: Target::configured(),
        };
        let argv = compile_template(&unit).join(" ");
        assert!(argv.contains("-gencode=arch=compute_90a,code=sm_90a"));
        assert!(argv.contains("-gencode=arch=compute_100a,code=sm_100a"));
    }
}
