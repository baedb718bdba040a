//! What an object has run when its library is loaded or unloaded.

use object::{
    File, Object, ObjectSection, ObjectSymbol, RelocationTarget, SymbolFlags, SymbolIndex, elf,
};

/// Sections of pointers to functions that the loader calls.
const ARRAYS: [&str; 5] = [
    ".init_array",
    ".fini_array",
    ".preinit_array",
    ".ctors",
    ".dtors",
];

/// Sections of code that runs around `main`, or instead of it.
const CODE: [&str; 2] = [".init", ".fini"];

/// nvcc's registration of its fat binary, the one constructor that every CUDA object has.
const REGISTRATION: &str = "_ZL24__sti____cudaRegisterAllv";

/// Called once by the registration, so that a second call is the source's own.
const ONCE: [&str; 2] = ["__cudaRegisterFatBinary", "atexit"];

/// In words, sorted.
pub(super) fn find(file: &File<'_>) -> Result<Vec<String>, object::Error> {
    let mut found = Vec::new();
    let mut calls = [0; ONCE.len()];
    for section in file.sections() {
        let name = section.name()?;
        if CODE.contains(&name) && section.size() > 0 {
            found.push(format!("code in the section `{name}`"));
        }
        let is_array = ARRAYS.iter().any(|array| belongs(name, array));
        let targets = section.relocations().filter_map(|(_, relocation)| {
            let addend = u64::try_from(relocation.addend()).unwrap_or(0);
            called(file, relocation.target(), addend)
        });
        for target in targets.filter(|_| !is_debug(name)) {
            if is_array && target != REGISTRATION {
                found.push(format!("`{target}` in `{name}`"));
            }
            if let Some(at) = ONCE.iter().position(|once| *once == target) {
                calls[at] += 1;
            }
        }
    }
    found.extend(resolvers(file)?);
    for (once, calls) in ONCE.iter().zip(calls) {
        if calls > 1 {
            found.push(format!(
                "{calls} calls of `{once}`, where nvcc's registration makes one"
            ));
        }
    }
    found.sort();
    Ok(found)
}

/// `.init_array` and `.init_array.00101`, but not `.init_arrays`.
fn belongs(section: &str, array: &str) -> bool {
    section
        .strip_prefix(array)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

fn is_debug(section: &str) -> bool {
    section.starts_with(".debug") || section.starts_with(".eh_frame")
}

/// The function that a relocation points at; a local one may stand as its section and a place in it.
fn called(file: &File<'_>, target: RelocationTarget, addend: u64) -> Option<String> {
    let RelocationTarget::Symbol(index) = target else {
        return None;
    };
    let symbol = file.symbol_by_index(index).ok()?;
    let name = symbol.name().ok()?;
    if !name.is_empty() {
        return Some(name.to_owned());
    }
    let section = symbol.section_index()?;
    let mut symbols = file.symbols();
    let at = |s: &object::Symbol<'_, '_>| {
        s.section_index() == Some(section) && s.address() == addend && s.index() != SymbolIndex(0)
    };
    let found = symbols.find(|s| at(s) && s.name().is_ok_and(|name| !name.is_empty()));
    Some(
        found
            .and_then(|s| s.name().ok())
            .unwrap_or("code without a name")
            .to_owned(),
    )
}

/// Functions whose address the loader asks other functions for.
fn resolvers(file: &File<'_>) -> Result<Vec<String>, object::Error> {
    let mut found = Vec::new();
    for symbol in file.symbols() {
        if let SymbolFlags::Elf { st_info, .. } = symbol.flags()
            && st_info.st_type() == elf::STT_GNU_IFUNC
        {
            found.push(format!("`{}`, which the loader resolves", symbol.name()?));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_priority_belongs_to_its_array() {
        assert!(belongs(".init_array.00101", ".init_array"));
        assert!(belongs(".ctors", ".ctors"));
        assert!(!belongs(".init_arrays", ".init_array"));
    }
}
