//! Variables of the host's code that can be written: what a side could remember from call to call.

use std::collections::{BTreeSet, HashSet};

use object::{
    File, Object, ObjectSection, ObjectSymbol, RelocationTarget, SectionIndex, Symbol, SymbolKind,
    elf,
};

use super::host::has_flag;

/// The compilers' own, in every object that launches a kernel or unwinds.
const COMPILERS: [&str; 3] = [
    "_ZL20__cudaFatCubinHandle",
    "_ZL15__fatDeviceText",
    "DW.ref.__gxx_personality_v0",
];

/// What nvcc keeps beside the stub that launches a kernel: the kernel's handle, and whether it was looked up.
const OF_STUBS: [(&str, &str); 3] = [
    ("_ZZ", "E8__handle"),
    ("_ZZ", "E5__tmp"),
    ("_ZGVZ", "E5__tmp"),
];

/// What a thread's own variable means.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Threads {
    /// State like any other.
    OfTheHost,
    /// Shared memory of a block, which outlives no block.
    AreBlocks,
}

/// Names of the writable variables of `file`, sorted; `kernels` are those that its stubs may be for.
///
/// A variable that nothing refers to is left out: headers of the C++ library define tags of one byte, each in a section
/// of its own.
pub(super) fn find(
    file: &File<'_>,
    kernels: &[&str],
    threads: Threads,
) -> Result<Vec<String>, object::Error> {
    let used = referenced_sections(file)?;
    let mut stubs = BTreeSet::new();
    let mut found = BTreeSet::new();
    for symbol in file.symbols() {
        let name = symbol.name()?;
        if symbol.is_common() {
            found.insert(shown(&symbol, name));
        }
        let Some(index) = symbol.section_index() else {
            continue;
        };
        let is_variable = match symbol.kind() {
            // Assembly that names a place need not say what it is.
            SymbolKind::Data | SymbolKind::Unknown | SymbolKind::Label => true,
            SymbolKind::Tls => threads == Threads::OfTheHost,
            _ => false,
        };
        if !is_variable
            || !is_written(file, index)?
            || !used.contains(&index)
            || COMPILERS.contains(&name)
        {
            continue;
        }
        // Each once: a second stub of one kernel would be the source's own.
        let is_stubs = stub(name, kernels).is_some_and(|stub| stubs.insert(stub));
        if !is_stubs {
            found.insert(shown(&symbol, name));
        }
    }
    Ok(found.into_iter().collect())
}

fn shown(symbol: &Symbol<'_, '_>, name: &str) -> String {
    if name.is_empty() {
        format!("{} bytes without a name", symbol.size())
    } else {
        name.to_owned()
    }
}

/// Sections that code or data refer to.
fn referenced_sections(file: &File<'_>) -> Result<HashSet<SectionIndex>, object::Error> {
    let mut found = HashSet::new();
    for section in file.sections() {
        if section.name()?.starts_with(".debug") {
            continue;
        }
        for (_, relocation) in section.relocations() {
            if let RelocationTarget::Symbol(index) = relocation.target() {
                found.extend(file.symbol_by_index(index)?.section_index());
            }
        }
    }
    Ok(found)
}

/// Whether a section can be written once the library is loaded. What is written only while it loads (`.data.rel.ro`)
/// is not among them.
fn is_written(file: &File<'_>, index: SectionIndex) -> Result<bool, object::Error> {
    let section = file.section_by_index(index)?;
    let relro = section.name()?.starts_with(".data.rel.ro");
    Ok(has_flag(&section, elf::SHF_WRITE) && !relro)
}

/// What a name says of the stub of one of `kernels`, as (kernel, which of its variables).
fn stub<'a>(name: &'a str, kernels: &[&str]) -> Option<(&'a str, usize)> {
    let which = OF_STUBS
        .iter()
        .position(|(start, end)| name.starts_with(start) && name.ends_with(end))?;
    let mangled = name.strip_prefix(OF_STUBS[which].0)?;
    let mangled = mangled.strip_prefix('L').unwrap_or(mangled);
    let digits = mangled.len()
        - mangled
            .trim_start_matches(|c: char| c.is_ascii_digit())
            .len();
    let length: usize = mangled[..digits].parse().ok()?;
    let function = mangled.get(digits..digits + length)?;
    // The kernel's own mangled name follows, its underscore included; a C name has none.
    let kernel = function.strip_prefix("__device_stub_")?;
    let known = |kernel: &str| kernels.contains(&kernel);
    let plain = kernel.strip_prefix('_').unwrap_or(kernel);
    (known(kernel) || known(plain)).then_some((kernel, which))
}

/// The identifiers in a mangled name, each with its length before it: `kda`, `launch` and `calls` of
/// `_ZZN3kda6launchEvE5calls`. A plain name is its own.
pub(crate) fn identifiers(name: &str) -> Vec<&str> {
    if !name.starts_with("_Z") {
        return vec![name];
    }
    let mut found = Vec::new();
    let mut rest = name;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let digits = rest[start..]
            .chars()
            .take_while(char::is_ascii_digit)
            .count();
        let after = start + digits;
        let length = rest[start..after].parse().unwrap_or(0);
        match rest.get(after..after + length) {
            Some(identifier) if length > 0 => {
                found.push(identifier);
                rest = &rest[after + length..];
            }
            _ => rest = &rest[after..],
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stub_of_a_known_kernel_is_the_compilers() {
        let name = "_ZZ21__device_stub__Z1kPfiPfiE8__handle";
        assert_eq!(stub(name, &["_Z1kPfi"]), Some(("_Z1kPfi", 0)));
        assert_eq!(stub(name, &["_Z1kPf"]), None);
        assert_eq!(
            stub("_ZGVZL21__device_stub__Z1kPfiPfiE5__tmp", &["_Z1kPfi"]),
            Some(("_Z1kPfi", 2))
        );
        assert_eq!(
            stub("_ZZ19__device_stub_cheatvE8__handle", &["_Z1kPfi"]),
            None
        );
        assert_eq!(
            stub("_ZZ99__device_stub__Z1kE8__handle", &["_Z1kPfi"]),
            None
        );
    }

    #[test]
    fn identifiers_are_read_from_a_mangled_name() {
        assert_eq!(
            identifiers("_ZZN3kda6launchEvE5calls"),
            ["kda", "launch", "calls"]
        );
        assert_eq!(
            identifiers("_ZZ10kda_launchE5calls"),
            ["kda_launch", "calls"]
        );
        assert_eq!(identifiers("cudaMalloc"), ["cudaMalloc"]);
        assert_eq!(identifiers("_Znwm"), Vec::<&str>::new());
    }
}
