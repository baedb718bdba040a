//! PTX: the device's code as the assembler was given it, inline PTX and pragmas included.
//!
//! Only opcodes are read. PTX has no way to build one: macros and string pasting have been at work before.

use super::facts::ObjectFacts;

/// Types narrower than f32 in which arithmetic loses digits, and tf32, which keeps 10 bits.
const NARROW: [&str; 12] = [
    "f16", "f16x2", "bf16", "bf16x2", "tf32", "e4m3", "e5m2", "e4m3x2", "e5m2x2", "e2m1x2",
    "e2m3x2", "e3m2x2",
];

/// Instructions that move, convert, compare or choose, and so round nothing: storing 16 bits is no downgrade.
const EXACT: [&str; 17] = [
    "mov", "ld", "ldu", "st", "cvt", "shfl", "selp", "prmt", "ldmatrix", "stmatrix", "cp", "setp",
    "set", "neg", "abs", "min", "max",
];

/// Adds the opcodes of one module to the counts.
pub(super) fn count(text: &str, facts: &mut ObjectFacts) {
    for opcode in without_comments(text)
        .split([';', '{', '}'])
        .filter_map(opcode)
    {
        let counts = if is_approximate(&opcode) {
            &mut facts.approximations
        } else if keeps_lines(&opcode) {
            &mut facts.cache_hints
        } else if opcode.starts_with("griddepcontrol") {
            &mut facts.programmatic
        } else {
            continue;
        };
        *counts.entry(opcode).or_default() += 1;
    }
}

/// Without comments and line information, which ends at its line instead of at a semicolon.
fn without_comments(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut parts = text.split("/*");
    kept.push_str(parts.next().unwrap_or_default());
    for part in parts {
        // PTX's assembler takes a comment for a space.
        kept.push(' ');
        kept.push_str(part.split_once("*/").map_or("", |(_, code)| code));
    }
    let lines = kept
        .lines()
        .map(|line| line.split("//").next().unwrap_or_default());
    let lines = lines.filter(|line| {
        let line = line.trim_start();
        !(line.starts_with(".loc") || line.starts_with(".file"))
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The opcode of a statement with its modifiers, which may stand apart from it: `ex2 .approx .f32` is one.
fn opcode(statement: &str) -> Option<String> {
    let mut words = statement.split_whitespace().map(without_label).peekable();
    while words
        .next_if(|word| word.is_empty() || word.starts_with('@'))
        .is_some()
    {}
    let mut opcode = words.next()?.to_owned();
    while let Some(modifier) = words.next_if(|word| word.starts_with('.')) {
        opcode.push_str(modifier);
    }
    opcode
        .starts_with(|c: char| c.is_ascii_lowercase())
        .then_some(opcode)
}

/// `ex2.approx.f32` of `again:ex2.approx.f32`; two colons belong to the opcode.
fn without_label(word: &str) -> &str {
    match word.split_once(':') {
        Some((_, rest)) if !rest.starts_with(':') => rest,
        _ => word,
    }
}

/// Results off by more than half an ulp of f32, subnormals flushed, or operands narrower than f32.
fn is_approximate(opcode: &str) -> bool {
    let mut parts = opcode.split('.');
    let name = parts.next().unwrap_or_default();
    let has = |wanted: &str| opcode.split('.').any(|part| part == wanted);
    let narrow = || opcode.split('.').any(|part| NARROW.contains(&part));
    let multiplies_matrices =
        ["mma", "wmma", "wgmma", "tcgen05"].contains(&name) && has_mma(opcode);
    has("approx")
        || has("ftz")
        || (name == "div" && has("full"))
        || multiplies_matrices
        // A conversion to fewer bits than any tensor here has is arithmetic in disguise.
        || (name == "cvt" && opcode.split('.').any(|part| NARROW[4..].contains(&part)))
        || (narrow() && !EXACT.contains(&name))
}

fn has_mma(opcode: &str) -> bool {
    opcode
        .split('.')
        .any(|part| ["mma", "wmma", "mma_async"].contains(&part))
}

/// `evict_last`, a policy made or taken, and what resets one: each decides what outlives the call in L2.
fn keeps_lines(opcode: &str) -> bool {
    let name = opcode.split('.').next().unwrap_or_default();
    opcode.contains("evict_last")
        || opcode.contains("evict_unchanged")
        || opcode.contains("cache_hint")
        || name == "createpolicy"
        || name == "applypriority"
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn counted(text: &str) -> ObjectFacts {
        let mut facts = ObjectFacts::default();
        count(text, &mut facts);
        facts
    }

    fn names(counts: &BTreeMap<String, usize>) -> Vec<(&str, usize)> {
        counts.iter().map(|(name, n)| (name.as_str(), *n)).collect()
    }

    #[test]
    fn approximate_opcodes_are_counted_behind_labels_and_predicates() {
        let facts = counted(
            "$L__BB0_3: ex2.approx.ftz.f32 \t%f2, %f1;\n\
             again:ex2/* */.approx\n\t.ftz.f32 %f2, %f1;\n\
             @%p1 ex2.approx.ftz.f32 %f3, %f1;\n\
             { div.full.f32 %f4, %f3, %f2; rcp.approx.f32 %f5, %f4; }\n\
             rcp.rn.f32 %f6, %f5; // rsqrt.approx.f32\n\
             .loc 1 2 3, function_name $L__info_string0\n\
             mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%f1}, {%r1}, {%r2}, {%f1};\n",
        );
        assert_eq!(
            names(&facts.approximations),
            [
                ("div.full.f32", 1),
                ("ex2.approx.ftz.f32", 3),
                ("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32", 1),
                ("rcp.approx.f32", 1),
            ]
        );
        assert_eq!(facts.cache_hints, BTreeMap::new());
    }

    #[test]
    fn arithmetic_in_sixteen_bits_counts_and_storing_them_does_not() {
        let facts = counted(
            "cvt.rn.bf16x2.f32 %r1, %f1, %f2;\nfma.rn.bf16x2 %r1, %r2, %r3, %r4;\nmov.b16 %rs1, %rs2;\nmax.bf16x2 %r1, %r2, %r3;\n\
             cvt.rna.tf32.f32 %r1, %f1;\ncvt.rn.satfinite.e4m3x2.f32 %rs1, %f1, %f2;\nst.global.f16 [%rd1], %h1;\n",
        );
        assert_eq!(
            names(&facts.approximations),
            [
                ("cvt.rn.satfinite.e4m3x2.f32", 1),
                ("cvt.rna.tf32.f32", 1),
                ("fma.rn.bf16x2", 1)
            ]
        );
    }

    #[test]
    fn hints_that_keep_lines_are_told_from_those_that_let_them_go() {
        let facts = counted(
            "prefetch.global.L2::evict_last [%rd1];\n{ .reg .b64 q; createpolicy.fractional.L2::evict_last.b64 q, 1.0; }\n\
             ld.global.L1::no_allocate.L2::evict_first.f32 %f1, [%rd1];\n\
             ld.global.L2::cache_hint.f32 %f1, [%rd1], %rd2;\ngriddepcontrol.wait;\n",
        );
        assert_eq!(facts.cache_hints.len(), 3);
        assert_eq!(names(&facts.programmatic), [("griddepcontrol.wait", 1)]);
    }
}
