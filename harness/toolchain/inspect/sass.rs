//! Machine code (SASS) to an instruction mix.
//!
//! NVIDIA documents none of it. Since sm_70 an instruction has 16 bytes. The low 9 bits name the operation; the three
//! above say where its second operand comes from (register, constant, immediate), so that one operation has several
//! opcodes of 12 bits. Bits 73 to 75 hold the width of a memory operation. The table is that of nvdisasm 13.5 for sm_90a
//! and sm_100a; an operation that it lacks counts as an instruction and as nothing else.

use super::mix::{ByWidth, InstructionMix, Width};

/// Bytes of an instruction.
const INSTRUCTION_BYTES: usize = 16;

/// What an instruction does, as far as the mix tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Padding,
    Load(Width),
    Store(Width),
    GenericLoad,
    GenericStore,
    SharedLoad,
    SharedStore,
    LocalLoad,
    LocalStore,
    AsyncCopy,
    BulkCopy,
    Atomic,
    Mma,
    FmaF32,
    Special,
    Barrier,
    Other,
}

/// Counts the instructions of a kernel's `.text` section.
pub(super) fn count(code: &[u8]) -> InstructionMix {
    let mut mix = InstructionMix::default();
    let words = code.chunks_exact(INSTRUCTION_BYTES).map(|instruction| {
        let (low, high) = instruction.split_at(8);
        let word = |half: &[u8]| u64::from_le_bytes(half.try_into().expect("half of 16 bytes"));
        (word(low), word(high))
    });
    for (low, high) in words {
        let kind = kind(low, high);
        if kind == Kind::Padding {
            continue;
        }
        mix.instructions += 1;
        mix.add(kind);
    }
    mix
}

impl InstructionMix {
    fn add(&mut self, kind: Kind) {
        let of_width = |by_width: &mut ByWidth, width| *by_width.entry(width).or_default() += 1;
        match kind {
            Kind::Padding | Kind::Other => {}
            Kind::Load(width) => of_width(&mut self.loads, width),
            Kind::Store(width) => of_width(&mut self.stores, width),
            Kind::GenericLoad => self.generic_loads += 1,
            Kind::GenericStore => self.generic_stores += 1,
            Kind::SharedLoad => self.shared_loads += 1,
            Kind::SharedStore => self.shared_stores += 1,
            Kind::LocalLoad => self.local_loads += 1,
            Kind::LocalStore => self.local_stores += 1,
            Kind::AsyncCopy => self.async_copies += 1,
            Kind::BulkCopy => self.bulk_copies += 1,
            Kind::Atomic => self.atomics += 1,
            Kind::Mma => self.mma += 1,
            Kind::FmaF32 => self.fma_f32 += 1,
            Kind::Special => self.special += 1,
            Kind::Barrier => self.barriers += 1,
        }
    }
}

fn kind(low: u64, high: u64) -> Kind {
    match low & 0x1ff {
        0x118 => Kind::Padding,                          // NOP
        0x181 => Kind::Load(width(high)),                // LDG
        0x17e => Kind::Load(Width::Bits256),             // LDG.ENL2.256
        0x186 => Kind::Store(width(high)),               // STG
        0x17f => Kind::Store(Width::Bits256),            // STG.ENL2.256
        0x180 => Kind::GenericLoad,                      // LD
        0x185 => Kind::GenericStore,                     // ST
        0x184 | 0x03b => Kind::SharedLoad,               // LDS, LDSM
        0x188 | 0x044 | 0x1bd => Kind::SharedStore,      // STS, STSM, STAS
        0x183 => Kind::LocalLoad,                        // LDL
        0x187 => Kind::LocalStore,                       // STL
        0x1ae => Kind::AsyncCopy,                        // LDGSTS
        0x1ba..=0x1bc => Kind::BulkCopy,                 // UBLKCP, UBLKRED, UBLKPF
        0x1b4 | 0x1b5 | 0x1b6 | 0x1b8 => Kind::BulkCopy, // UTMALDG, UTMASTG, UTMAREDG, UTMAPF
        0x18a | 0x18b | 0x1a2 => Kind::Atomic,           // ATOM
        0x1a8 | 0x1a9 => Kind::Atomic,                   // ATOMG
        0x18c | 0x18d => Kind::Atomic,                   // ATOMS
        0x18e | 0x1a6 => Kind::Atomic,                   // REDG
        0x03c | 0x037 | 0x03f => Kind::Mma,              // HMMA, IMMA, DMMA
        0x1f0 | 0x1f1 | 0x1f3 => Kind::Mma,              // HGMMA, IGMMA, QGMMA
        0x1ea => Kind::Mma,                              // UTCHMMA, UTCIMMA, UTCQMMA, UTCOMMA
        0x020 | 0x021 | 0x023 => Kind::FmaF32,           // FMUL, FADD, FFMA
        0x049..=0x04b => Kind::FmaF32,                   // FFMA2, FMUL2, FADD2
        0x108 => Kind::Special,                          // MUFU
        0x11d | 0x1c7 => Kind::Barrier,                  // BAR, UCGABAR_ARV and UCGABAR_WAIT
        _ => Kind::Other,
    }
}

/// Of LDG and STG: the lower ones come signed and unsigned.
fn width(high: u64) -> Width {
    match (high >> 9) & 7 {
        0 | 1 => Width::Bits8,
        2 | 3 => Width::Bits16,
        4 => Width::Bits32,
        5 => Width::Bits64,
        _ => Width::Bits128,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As nvdisasm 13.5 lists them with `-hex`, for sm_90a and sm_100a.
    const LISTED: [(u64, u64, &str, Kind); 36] = [
        (0x0000000000007918, 0x000fc00000000000, "NOP", Kind::Padding),
        (
            0x00000908040f7981,
            0x000e26000c1e1300,
            "LDG.E.S8",
            Kind::Load(Width::Bits8),
        ),
        (
            0x0000000420147981,
            0x000ee8000c1e1500,
            "LDG.E.U16",
            Kind::Load(Width::Bits16),
        ),
        (
            0x0000200402147981,
            0x002ea8000c1e1900,
            "LDG.E",
            Kind::Load(Width::Bits32),
        ),
        (
            0x000000080a187981,
            0x001ea8000c1e1d00,
            "LDG.E.128",
            Kind::Load(Width::Bits128),
        ),
        (
            0xfe0008080608797e,
            0x001ea8000812190c,
            "LDG.E.ENL2.256",
            Kind::Load(Width::Bits256),
        ),
        (
            0x0000081412007986,
            0x004fe8000c101b08,
            "STG.E.64",
            Kind::Store(Width::Bits64),
        ),
        (
            0xf8001008060c797f,
            0x004fe2000f121808,
            "STG.E.ENL2.256",
            Kind::Store(Width::Bits256),
        ),
        (
            0x00000004ff007980,
            0x000ee20008100900,
            "LD.E",
            Kind::GenericLoad,
        ),
        (
            0x0000000aff007985,
            0x000fe80008100904,
            "ST.E",
            Kind::GenericStore,
        ),
        (
            0x0000100012147984,
            0x000f280000000c00,
            "LDS.128",
            Kind::SharedLoad,
        ),
        (
            0x00000008ff04783b,
            0x004ea20008000200,
            "LDSM.16.M88.4",
            Kind::SharedLoad,
        ),
        (
            0x0000000615007988,
            0x0085e60008000a07,
            "STS.64",
            Kind::SharedStore,
        ),
        (
            0x0000201401007387,
            0x0043e80000100c00,
            "STL.128",
            Kind::LocalStore,
        ),
        (
            0x0000000009097983,
            0x000ea80000100600,
            "LDL.S16",
            Kind::LocalLoad,
        ),
        (
            0x0002002002097fae,
            0x0005e2000b981810,
            "LDGSTS.E.BYPASS.128",
            Kind::AsyncCopy,
        ),
        (
            0x0000000a040073ba,
            0x0027d80008000206,
            "UBLKCP.S.G",
            Kind::BulkCopy,
        ),
        (
            0x0000000c060075b4,
            0x0003f00008008000,
            "UTMALDG.2D",
            Kind::BulkCopy,
        ),
        (
            0x000004100611738d,
            0x000e680000000011,
            "ATOMS.CAS",
            Kind::Atomic,
        ),
        (
            0x00000014100079a6,
            0x000fe2000c12f708,
            "REDG.E.ADD.F32x4",
            Kind::Atomic,
        ),
        (
            0x000000040c08723c,
            0x000fe20000041808,
            "HMMA.16816.F32.BF16",
            Kind::Mma,
        ),
        (
            0x00000000081879f0,
            0x000fe60008001818,
            "HGMMA.64x8x16.F32.BF16",
            Kind::Mma,
        ),
        (0x00ff040c0a0075ea, 0x0001d8000b800306, "UTCQMMA", Kind::Mma),
        (
            0x000000040c147237,
            0x004fe20000405c14,
            "IMMA.16832.S8.S8",
            Kind::Mma,
        ),
        (
            0x3f800000ff117435,
            0x002fe200000001ff,
            "HFMA2.MMA",
            Kind::Other,
        ),
        (0xbd563cae00157423, 0x000fcc0000000015, "FFMA", Kind::FmaF32),
        (
            0x0000000c0a0a7249,
            0x010fc8000000000e,
            "FFMA2",
            Kind::FmaF32,
        ),
        (
            0x0000000d00087308,
            0x0004e20000001400,
            "MUFU.RSQ",
            Kind::Special,
        ),
        (
            0x0000000000007b1d,
            0x000fec0000010000,
            "BAR.SYNC",
            Kind::Barrier,
        ),
        (
            0x0000000000007dc7,
            0x000fe20008000000,
            "UCGABAR_WAIT",
            Kind::Barrier,
        ),
        (
            0x0000e200ff027b82,
            0x000e620000000a00,
            "LDC.64",
            Kind::Other,
        ),
        (
            0x0000000400207825,
            0x001fc600078e0220,
            "IMAD.WIDE",
            Kind::Other,
        ),
        (
            0x000000040bff75b2,
            0x0002a40008000100,
            "SYNCS.EXCH.64",
            Kind::Other,
        ),
        (0x00000000020573c4, 0x000e640000000000, "REDUX", Kind::Other),
        (
            0x00000000000079b7,
            0x0001e20000000000,
            "UTMACMDFLUSH",
            Kind::Other,
        ),
        (
            0x00000000000079af,
            0x000e220000000000,
            "LDGDEPBAR",
            Kind::Other,
        ),
    ];

    #[test]
    fn every_instruction_is_what_the_disassembler_says() {
        for (low, high, name, expected) in LISTED {
            assert_eq!(kind(low, high), expected, "{name}");
        }
    }

    #[test]
    fn padding_is_no_instruction_and_widths_are_told_apart() {
        let code: Vec<u8> = LISTED
            .iter()
            .flat_map(|(low, high, ..)| [low.to_le_bytes(), high.to_le_bytes()].concat())
            .collect();
        let mix = count(&code);
        assert_eq!(mix.instructions, 35);
        let one = |widths: &[Width]| ByWidth::from_iter(widths.iter().map(|width| (*width, 1)));
        use Width::{Bits8, Bits16, Bits32, Bits64, Bits128, Bits256};
        assert_eq!(mix.loads, one(&[Bits8, Bits16, Bits32, Bits128, Bits256]));
        assert_eq!(mix.stores, one(&[Bits64, Bits256]));
        assert_eq!((mix.shared_loads, mix.bulk_copies, mix.mma), (2, 2, 4));
    }
}
