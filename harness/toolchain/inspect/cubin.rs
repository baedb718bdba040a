//! A cubin, the device's machine code for one architecture: an ELF file with a section a kernel.
//!
//! NVIDIA documents none of it. Registers and stack stand in `.nv.info`, a list of attributes; shared memory in a
//! section of the kernel's own, with 1 KB in front that the system has reserved since sm_90.

use std::collections::BTreeMap;

use object::read::elf::ElfFile64;
use object::{Object, ObjectSection, ObjectSymbol, SymbolIndex, SymbolKind};

use super::facts::{DeviceGlobal, KernelFacts};
use super::sass;

/// An attribute whose size and value follow.
const SIZED: u8 = 0x04;
/// (kernel, registers).
const REGISTER_COUNT: u8 = 0x2f;
/// (kernel, bytes).
const FRAME_SIZE: u8 = 0x11;

/// In front of a kernel's own shared memory.
const RESERVED_SHARED_BYTES: u64 = 1024;

/// What one cubin holds.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Cubin {
    pub(super) kernels: Vec<KernelFacts>,
    pub(super) globals: Vec<DeviceGlobal>,
}

pub(super) fn read(bytes: &[u8]) -> Result<Cubin, object::Error> {
    let file: ElfFile64<'_> = ElfFile64::parse(bytes)?;
    let info = match file.section_by_name(".nv.info") {
        Some(section) => attributes(section.data()?),
        None => BTreeMap::new(),
    };
    let mut cubin = Cubin {
        kernels: Vec::new(),
        globals: Vec::new(),
    };
    for section in file.sections() {
        let Some(name) = section.name()?.strip_prefix(".text.") else {
            continue;
        };
        let Some(symbol) = symbol_named(&file, name) else {
            continue;
        };
        let of = |attribute| info.get(&(attribute, symbol.0 as u32)).copied();
        // A function that is called and not launched has no registers of its own.
        let Some(registers) = of(REGISTER_COUNT) else {
            continue;
        };
        let code = section.data()?;
        cubin.kernels.push(KernelFacts {
            name: name.to_owned(),
            code_hash: blake3::hash(code).to_hex().to_string(),
            registers,
            static_shared_bytes: shared_bytes(&file, name),
            local_bytes: of(FRAME_SIZE).unwrap_or(0),
            mix: sass::count(code),
        });
    }
    cubin.globals = globals(&file)?;
    Ok(cubin)
}

fn symbol_named(file: &ElfFile64<'_>, name: &str) -> Option<SymbolIndex> {
    let mut symbols = file.symbols();
    let found = symbols.find(|s| s.kind() == SymbolKind::Text && s.name() == Ok(name))?;
    Some(found.index())
}

fn shared_bytes(file: &ElfFile64<'_>, kernel: &str) -> u64 {
    let Some(section) = file.section_by_name(&format!(".nv.shared.{kernel}")) else {
        return 0;
    };
    let reserved = file.section_by_name(".nv.shared.reserved.0").is_some();
    match reserved {
        true => section.size().saturating_sub(RESERVED_SHARED_BYTES),
        false => section.size(),
    }
}

/// Variables in global and constant memory. Strings that the compiler made of an assertion or a format are left out: a
/// variable of that name would have a shadow among the host's statics.
fn globals(file: &ElfFile64<'_>) -> Result<Vec<DeviceGlobal>, object::Error> {
    let mut found = Vec::new();
    for symbol in file.symbols() {
        let Some(index) = symbol.section_index() else {
            continue;
        };
        let section = file.section_by_index(index)?;
        let constant = match section.name()? {
            ".nv.constant3" => true,
            name if name.starts_with(".nv.global") => false,
            _ => continue,
        };
        let name = symbol.name()?;
        if symbol.kind() == SymbolKind::Data && !is_compilers(name) {
            found.push(DeviceGlobal {
                name: name.to_owned(),
                bytes: symbol.size(),
                constant,
            });
        }
    }
    found.sort();
    Ok(found)
}

/// `$str`, `$str$3`, `__unnamed_1`, and the table of 2/pi that sine and cosine reduce by.
fn is_compilers(name: &str) -> bool {
    name.starts_with("$str")
        || name.starts_with("__unnamed_")
        || ["__cudart_i2opi_f", "__cudart_i2opi_d"].contains(&name)
}

/// Values by attribute and symbol.
fn attributes(bytes: &[u8]) -> BTreeMap<(u8, u32), u32> {
    let mut values = BTreeMap::new();
    let mut rest = bytes;
    while let [format, attribute, low, high, after @ ..] = rest {
        let size = match *format {
            SIZED => usize::from(u16::from_le_bytes([*low, *high])),
            _ => 0,
        };
        let word = |at: usize| {
            let four = after.get(at..at + 4)?.try_into().ok()?;
            Some(u32::from_le_bytes(four))
        };
        if let (SIZED, Some(symbol), Some(value)) = (*format, word(0), word(4)) {
            values.insert((*attribute, symbol), value);
        }
        rest = after.get(size..).unwrap_or_default();
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sized_attributes_are_found_behind_others() {
        let bytes = [
            &[0x03, 0x1b, 0xff, 0x00][..],
            &[0x04, 0x2f, 8, 0, 28, 0, 0, 0, 30, 0, 0, 0],
            &[0x04, 0x11, 8, 0, 28, 0, 0, 0, 128, 0, 0, 0],
            &[0x04, 0x11],
        ]
        .concat();
        let expected = BTreeMap::from([((REGISTER_COUNT, 28), 30), ((FRAME_SIZE, 28), 128)]);
        assert_eq!(attributes(&bytes), expected);
    }

    #[test]
    fn strings_of_the_compiler_are_no_variables() {
        assert!(is_compilers("$str$3") && is_compilers("__unnamed_1"));
        assert!(!is_compilers("counter") && !is_compilers("_ZZ1kPfiE5inner"));
    }
}
