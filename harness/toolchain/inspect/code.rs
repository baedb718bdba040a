//! The host's machine code: instructions that reach the kernel past every import.
//!
//! Decoded, not searched for bytes: `0f 05` stands by chance in about every other object of 100 KB, across two
//! instructions or in a constant. The compiler emits no system call, and inline assembly that jumps into the middle of
//! an instruction is left to the sandbox.

use std::collections::BTreeSet;

use iced_x86::{Code, Decoder, DecoderOptions};
use object::{
    Architecture, File, Object, ObjectSection, ObjectSymbol, SectionIndex, SymbolKind, elf,
};

use super::host::has_flag;

/// In words, in the object's order.
pub(super) fn find(file: &File<'_>) -> Result<Vec<String>, object::Error> {
    let mut found = Vec::new();
    for section in file.sections() {
        if !has_flag(&section, elf::SHF_EXECINSTR) {
            continue;
        }
        let functions = Functions::of(file, section.index())?;
        found.extend(
            functions
                .data
                .iter()
                .map(|name| format!("`{name}`, which is data, among code")),
        );
        let code = section.data()?;
        let calls = match file.architecture() {
            Architecture::X86_64 => x86_calls(code, &functions.starts),
            Architecture::Aarch64 => arm_calls(code),
            _ => Vec::new(),
        };
        for (at, what) in calls {
            found.push(format!("`{what}` in `{}`", functions.name(at)));
        }
    }
    Ok(found)
}

/// What a section of code holds.
struct Functions<'data> {
    starts: BTreeSet<(u64, &'data str)>,
    data: Vec<&'data str>,
}

impl<'data> Functions<'data> {
    fn of(file: &File<'data>, section: SectionIndex) -> Result<Self, object::Error> {
        let mut functions = Functions {
            starts: BTreeSet::new(),
            data: Vec::new(),
        };
        for symbol in file.symbols() {
            if symbol.section_index() != Some(section) {
                continue;
            }
            match symbol.kind() {
                SymbolKind::Text => {
                    functions.starts.insert((symbol.address(), symbol.name()?));
                }
                SymbolKind::Data => functions.data.push(symbol.name()?),
                _ => {}
            }
        }
        Ok(functions)
    }

    fn name(&self, at: u64) -> &str {
        let before = self.starts.iter().take_while(|(start, _)| *start <= at);
        before
            .last()
            .map_or("code without a name", |(_, name)| name)
    }
}

/// Places of system calls. Decoding starts anew at each function, so that padding before it throws nothing off.
fn x86_calls(code: &[u8], starts: &BTreeSet<(u64, &str)>) -> Vec<(u64, &'static str)> {
    let mut bounds: Vec<usize> = starts.iter().map(|(start, _)| *start as usize).collect();
    bounds.push(0);
    bounds.push(code.len());
    bounds.sort_unstable();
    bounds.dedup();
    let mut found = Vec::new();
    for range in bounds.windows(2) {
        let Some(function) = code.get(range[0]..range[1]) else {
            continue;
        };
        for instruction in Decoder::with_ip(64, function, range[0] as u64, DecoderOptions::NONE) {
            let what = match instruction.code() {
                Code::Syscall => "syscall",
                Code::Sysenter => "sysenter",
                Code::Int_imm8 => "int",
                _ => continue,
            };
            found.push((instruction.ip(), what));
        }
    }
    found
}

/// `svc` with any number; instructions have 4 bytes each.
fn arm_calls(code: &[u8]) -> Vec<(u64, &'static str)> {
    let words = code.chunks_exact(4).zip((0u64..).step_by(4));
    words
        .filter(|(word, _)| {
            let word = word
                .iter()
                .rev()
                .fold(0u32, |word, byte| word << 8 | u32::from(*byte));
            word & 0xffe0_001f == 0xd400_0001
        })
        .map(|(_, at)| (at, "svc"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_system_call_is_told_from_the_same_bytes_in_a_constant() {
        // mov eax, 0x050f; syscall; ret
        let code = [0xb8, 0x0f, 0x05, 0, 0, 0x0f, 0x05, 0xc3];
        assert_eq!(x86_calls(&code, &BTreeSet::new()), [(5, "syscall")]);
        let int = [0xcd, 0x80];
        assert_eq!(x86_calls(&int, &BTreeSet::new()), [(0, "int")]);
    }

    #[test]
    fn decoding_starts_anew_at_a_function() {
        // A byte that would take the next four with it.
        let code = [0xb8, 0x0f, 0x05];
        assert_eq!(
            x86_calls(&code, &BTreeSet::from([(1, "f")])),
            [(1, "syscall")]
        );
    }

    #[test]
    fn a_supervisor_call_is_found() {
        let nop_then_svc = [0x1f, 0x20, 0x03, 0xd5, 0x01, 0x00, 0x00, 0xd4];
        assert_eq!(arm_calls(&nop_then_svc), [(4, "svc")]);
    }
}
