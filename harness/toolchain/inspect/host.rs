//! The host's object file: one walk over each source of facts in it.

use object::{File, ObjectSection, Section, SectionFlags, elf};

use super::facts::ObjectFacts;
use super::statics::{self, Threads};
use super::{code, embedded, startup};

pub(super) fn read(bytes: &[u8], facts: &mut ObjectFacts) -> Result<(), object::Error> {
    let file = File::parse(bytes)?;
    let kernels: Vec<&str> = facts.kernels.iter().map(|k| k.name.as_str()).collect();
    // Emulated, `__shared__` makes a variable of the thread that runs the block.
    let threads = match kernels.is_empty() {
        true => Threads::AreBlocks,
        false => Threads::OfTheHost,
    };
    facts.host_statics = statics::find(&file, &kernels, threads)?;
    facts.constructors = startup::find(&file)?;
    facts.host_instructions.extend(code::find(&file)?);
    facts.embedded = embedded::find(&file)?;
    Ok(())
}

/// Whether the section header of an ELF file has this flag.
pub(super) fn has_flag(section: &Section<'_, '_>, flag: elf::SectionFlags) -> bool {
    match section.flags() {
        SectionFlags::Elf { sh_flags, .. } => sh_flags.contains(flag),
        _ => false,
    }
}
