//! Names of kernels, for a reader.

use cpp_demangle::{DemangleOptions, Symbol};

/// How the contracts call what CUDA's headers call otherwise.
const DTYPES: [(&str, &str); 4] = [
    ("__nv_bfloat16", "bf16"),
    ("__half", "fp16"),
    ("__nv_fp8_e4m3", "fp8_e4m3"),
    ("__nv_fp8_e5m2", "fp8_e5m2"),
];

/// `tile<float, 4>` of `_ZN3kda4tileIfLi4EEEvPT_`: demangled, without parameters, result, namespaces and the types of
/// numbers, data types by their short names. A name that is not mangled stays as it is.
pub(super) fn kernel_name(mangled: &str) -> String {
    let options = DemangleOptions::new().no_params().no_return_type();
    let demangled = Symbol::new(mangled)
        .ok()
        .and_then(|symbol| symbol.demangle_with_options(&options).ok());
    demangled.map_or_else(
        || mangled.to_owned(),
        |name| with_short_types(&without_casts(&unqualified(&name))),
    )
}

/// A node of a captured graph, whose first word is the name of its kernel.
pub(super) fn node_name(node: &str) -> String {
    match node.split_once(' ') {
        Some((kernel, launch)) => format!("{} {launch}", kernel_name(kernel)),
        None => node.to_owned(),
    }
}

/// `rows<2>` of `rows<(Span)2>`: the type of a number says nothing that its place among the arguments does not.
fn without_casts(name: &str) -> String {
    let mut kept = String::new();
    let mut rest = name;
    while let Some(open) = rest.find('(') {
        let (before, cast) = rest.split_at(open);
        kept.push_str(before);
        let is_argument = kept.ends_with(['<', ' ']);
        let value = cast.split_once(')').map(|(_, value)| value);
        let is_number = |value: &&str| value.starts_with(|c: char| c.is_ascii_digit() || c == '-');
        rest = match value.filter(is_number) {
            Some(value) if is_argument => value,
            _ => {
                kept.push('(');
                &cast[1..]
            }
        };
    }
    kept + rest
}

fn with_short_types(name: &str) -> String {
    let shorter = |name: String, (long, short): &(&str, &str)| name.replace(long, short);
    let mut name = DTYPES.iter().fold(name.to_owned(), shorter);
    // As C++11 closes argument lists.
    while name.contains("> >") {
        name = name.replace("> >", ">>");
    }
    name
}

/// Without what stands in front of each `::`.
fn unqualified(name: &str) -> String {
    let name = name.replace("(anonymous namespace)::", "");
    let mut kept = String::new();
    for (at, part) in name.split("::").enumerate() {
        if at > 0 {
            let is_name = |c: char| c.is_alphanumeric() || c == '_';
            kept.truncate(kept.trim_end_matches(is_name).len());
        }
        kept.push_str(part);
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn namespaces_parameters_and_results_are_left_out() {
        let name = "_ZN3kda6sglang4normINS_4norm4RowsI13__nv_bfloat16EELi512ELb1EEEvNS2_4CallE";
        assert_eq!(kernel_name(name), "norm<Rows<bf16>, 512, true>");
        let nameless = "_ZN12_GLOBAL__N_14copyIiEEvPT_";
        assert_eq!(kernel_name(nameless), "copy<int>");
    }

    #[test]
    fn the_types_of_numbers_are_left_out() {
        let name = "_ZN3kda23scale_shift_rows_kernelI13__nv_bfloat16S1_S1_LNS_4SpanE2ELS2_3ELi8ELb0ELNS_7CachingE0EEEvPT_\
                    PKS4_NS_10RowOperandIT0_EENS8_IT1_EEiif";
        assert_eq!(
            kernel_name(name),
            "scale_shift_rows_kernel<bf16, bf16, bf16, 2, 3, 8, false, 0>"
        );
        assert_eq!(with_short_types("f<G<H<__half> > >"), "f<G<H<fp16>>>");
        assert_eq!(
            without_casts("call<(Mode)-1>::operator()"),
            "call<-1>::operator()"
        );
    }

    #[test]
    fn a_node_keeps_its_launch() {
        let node = "_ZN3kda4tileIfLi4EEEvPT_ grid 1x1x1 block 32x1x1 smem 0";
        assert_eq!(
            node_name(node),
            "tile<float, 4> grid 1x1x1 block 32x1x1 smem 0"
        );
        assert_eq!(node_name("memset"), "memset");
    }

    #[test]
    fn a_name_that_is_not_mangled_stays() {
        assert_eq!(kernel_name("axpy_kernel"), "axpy_kernel");
        assert_eq!(kernel_name("_Znonsense"), "_Znonsense");
    }
}
