//! A side offers the functions of the ABI, and no function of another library's name.

use super::objects::list;
use crate::toolchain::Built;

/// Exports beyond the ABI. One that is missing is an error of the build: such a side cannot be called.
pub(super) fn check_exports(built: &Built) -> Option<String> {
    let foreign = &built.facts.foreign_exports;
    (!foreign.is_empty()).then(|| {
        format!(
            "{} exports {}; mark the ABI's functions KDA_EXPORT, and make everything else static",
            built.unit,
            list(foreign.iter().map(String::as_str))
        )
    })
}
