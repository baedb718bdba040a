//! Binaries among the host's data: a library or a kernel that was compiled elsewhere, by other flags.

use object::{File, Object, ObjectSection, elf};

use super::host::has_flag;

/// nvcc's own fat binary and its wrapper.
const COMPILERS: [&str; 2] = [".nv_fatbin", ".nvFatBinSegment"];

/// What a binary begins with, or has in its head.
const MAGIC: [(&[u8], &str); 4] = [
    (b"\x7fELF", "an ELF file"),
    (b"\x50\xed\x55\xba", "a fat binary"),
    (b"\xb1\x43\x62\x46", "a fat binary's wrapper"),
    (b".target sm_", "PTX"),
];

/// In words, in the object's order.
pub(super) fn find(file: &File<'_>) -> Result<Vec<String>, object::Error> {
    let mut found = Vec::new();
    for section in file.sections() {
        let name = section.name()?;
        if !has_flag(&section, elf::SHF_ALLOC) || COMPILERS.contains(&name) {
            continue;
        }
        let binaries = binaries(section.data()?);
        found.extend(binaries.map(|what| format!("{what} in the section `{name}`")));
    }
    Ok(found)
}

fn binaries(data: &[u8]) -> impl Iterator<Item = &'static str> {
    MAGIC
        .into_iter()
        .filter(|(magic, _)| data.windows(magic.len()).any(|window| window == *magic))
        .map(|(_, what)| what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn binaries_are_known_by_their_magic() {
        let of = |data: &[u8]| binaries(data).collect::<Vec<_>>();
        assert_eq!(of(b"words\x7fELF\x02"), ["an ELF file"]);
        assert_eq!(of(b".version 9.0\n.target sm_90a\n"), ["PTX"]);
        assert_eq!(of(b"ELF words"), Vec::<&str>::new());
    }
}
