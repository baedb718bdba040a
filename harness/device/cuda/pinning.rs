//! Page-locking the host memory that outputs are copied to, piece by piece and only where something is copied to:
//! pinning touches every page, and most processes reach a small part of what the largest row needs. What is copied to for
//! the first time gains too: its pages are touched faster than by a copy.

use std::ops::Range;

use cudarc::driver::sys;

use super::context::check;

/// Bytes that are pinned together.
const PIECE: usize = 32 << 20;

/// Bytes that are pinned at most; what lies beyond is copied through the driver's own buffers.
const PINNED_AT_MOST: usize = 1 << 30;

/// `CU_MEMHOSTREGISTER_PORTABLE`.
const PORTABLE: u32 = 1;

/// The memory for outputs, and what is pinned of it.
#[derive(Debug, Default)]
pub(super) struct Pinning {
    memory: Range<usize>,
    /// By piece: whether pinning was tried.
    tried: Vec<bool>,
}

impl Pinning {
    pub(super) fn of(memory: &mut [u8]) -> Self {
        let memory = memory.as_ptr_range();
        let memory = memory.start.addr()..memory.end.addr();
        Self {
            tried: vec![false; memory.len().div_ceil(PIECE)],
            memory,
        }
    }

    /// How many of `bytes` bytes at `address` one copy may take, since none may go to two pieces.
    pub(super) fn reach(&mut self, address: usize, bytes: usize) -> usize {
        if !self.memory.contains(&address) {
            return bytes;
        }
        let piece = (address - self.memory.start) / PIECE;
        let begin = self.memory.start + piece * PIECE;
        let end = self.memory.end.min(begin + PIECE);
        let pinned = self.tried.iter().filter(|tried| **tried).count() * PIECE;
        if !self.tried[piece] && pinned < PINNED_AT_MOST {
            self.tried[piece] = true;
            pin(begin..end);
        }
        bytes.min(end - address)
    }
}

fn pin(memory: Range<usize>) {
    let address = std::ptr::with_exposed_provenance_mut(memory.start);
    // SAFETY: the range is mapped, and stays so until after the context is gone, which unregisters it.
    let status = unsafe { sys::cuMemHostRegister_v2(address, memory.len(), PORTABLE) };
    if let Err(error) = check("cuMemHostRegister", status) {
        // Reads are slower then, and right all the same.
        tracing::debug!(%error, bytes = memory.len(), "output memory is not pinned");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As if every piece were pinned: there is no driver here.
    fn pinned(memory: Range<usize>) -> Pinning {
        Pinning {
            tried: vec![true; memory.len().div_ceil(PIECE)],
            memory,
        }
    }

    #[test]
    fn a_copy_ends_with_its_piece() {
        let start = 1 << 40;
        let mut pinning = pinned(start..start + 5 * PIECE / 2);
        assert_eq!(pinning.reach(start, PIECE + 1), PIECE);
        assert_eq!(pinning.reach(start + PIECE - 10, 100), 10);
        assert_eq!(pinning.reach(start + 2 * PIECE, 100), 100);
        assert_eq!(pinning.reach(start + 2 * PIECE, PIECE), PIECE / 2);
    }

    #[test]
    fn a_copy_to_other_memory_is_one() {
        let mut pinning = pinned(1 << 40..1 << 41);
        assert_eq!(pinning.reach(64, 1 << 30), 1 << 30);
    }
}
