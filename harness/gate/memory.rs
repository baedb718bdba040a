//! Host memory of an oracle. Its pages are taken when they are first written, by whichever thread writes them: a vector
//! would zero gigabytes in one thread before anything is drawn.

use std::io;

use memmap2::{Advice, MmapMut, MmapOptions};

/// Bytes that grow from case to case.
#[derive(Default)]
pub(super) struct HostMemory {
    map: Option<MmapMut>,
}

impl HostMemory {
    /// Makes room without giving any back: memory that was touched once stays. Where it grows, what it held is gone.
    pub(super) fn reserve(&mut self, bytes: usize) -> io::Result<()> {
        if bytes <= self.bytes().len() {
            return Ok(());
        }
        self.map = None;
        // What is never touched costs nothing, and cases seldom come in the order of their sizes.
        let length = bytes.next_power_of_two();
        let map = MmapOptions::new()
            .len(length)
            .no_reserve_swap()
            .map_anon()?;
        // Fewer faults where the system has huge pages, and the same bytes where it has none.
        let _ = map.advise(Advice::HugePage);
        self.map = Some(map);
        Ok(())
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.map.as_deref().unwrap_or_default()
    }

    pub(super) fn bytes_mut(&mut self) -> &mut [u8] {
        self.map.as_deref_mut().unwrap_or_default()
    }

    /// The first `count` doubles.
    pub(super) fn doubles(&self, count: usize) -> &[f64] {
        let bytes = &self.bytes()[..count * size_of::<f64>()];
        if bytes.is_empty() {
            return &[];
        }
        // SAFETY: a mapping begins at a page, the length was checked, and every bit pattern is a double.
        unsafe { std::slice::from_raw_parts(bytes.as_ptr().cast(), count) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_grows_and_never_shrinks() {
        let mut memory = HostMemory::default();
        assert!(memory.bytes().is_empty() && memory.doubles(0).is_empty());
        memory.reserve(100).unwrap();
        memory.bytes_mut()[99] = 7;
        memory.reserve(10).unwrap();
        assert_eq!(memory.bytes()[99], 7);
        memory.reserve(1 << 20).unwrap();
        assert!(memory.bytes().len() >= 1 << 20);
    }

    #[test]
    fn bytes_are_read_as_doubles() {
        let mut memory = HostMemory::default();
        memory.reserve(16).unwrap();
        memory.bytes_mut()[8..16].copy_from_slice(&2.5_f64.to_le_bytes());
        assert_eq!(memory.doubles(2), [0.0, 2.5]);
    }

    #[test]
    fn memory_that_cannot_be_mapped_is_an_error() {
        assert!(HostMemory::default().reserve(1 << 62).is_err());
    }
}
