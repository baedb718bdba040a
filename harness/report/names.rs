//! Names of kernels, for a reader.

use cpp_demangle::{DemangleOptions, Symbol};

/// `tile<float, 4>` of `_ZN3kda4tileIfLi4EEEvPT_`: demangled, without parameters, result and namespaces. A name that is
/// not mangled stays as it is.
pub(super) fn kernel_name(mangled: &str) -> String {
    let options = DemangleOptions::new().no_params().no_return_type();
    let demangled = Symbol::new(mangled)
        .ok()
        .and_then(|symbol| symbol.demangle_with_options(&options).ok());
    demangled.map_or_else(|| mangled.to_owned(), |name| unqualified(&name))
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
        assert_eq!(kernel_name(name), "norm<Rows<__nv_bfloat16>, 512, true>");
        let nameless = "_ZN12_GLOBAL__N_14copyIiEEvPT_";
        assert_eq!(kernel_name(nameless), "copy<int>");
    }

    #[test]
    fn a_name_that_is_not_mangled_stays() {
        assert_eq!(kernel_name("axpy_kernel"), "axpy_kernel");
        assert_eq!(kernel_name("_Znonsense"), "_Znonsense");
    }
}
