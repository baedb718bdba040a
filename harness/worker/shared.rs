//! Memory that parent and worker both map: the way of outputs to the oracle.

use std::fs::File;
use std::io;
use std::os::fd::FromRawFd;

use memmap2::{MmapMut, MmapOptions};

/// An anonymous file and its mapping.
pub struct SharedMemory {
    file: File,
    map: MmapMut,
}

impl SharedMemory {
    /// Creates `bytes` of zeroed shared memory; pages are taken when touched.
    pub fn create(bytes: u64) -> io::Result<Self> {
        // SAFETY: the name is NUL-terminated; the result is checked.
        let fd = unsafe { libc::memfd_create(c"kda-outputs".as_ptr(), libc::MFD_CLOEXEC) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: a fresh descriptor that nobody else owns.
        let file = unsafe { File::from_raw_fd(fd) };
        file.set_len(bytes.max(1))?;
        Self::map(file)
    }

    /// Maps the memory that another process created.
    pub fn map(file: File) -> io::Result<Self> {
        // SAFETY: the file is anonymous and shared with one worker. Its size never changes after creation; contents may
        // change at any time, so the parent trusts nothing that it reads here.
        let map = unsafe { MmapOptions::new().map_mut(&file) }?;
        Ok(Self { file, map })
    }

    pub fn file(&self) -> &File {
        &self.file
    }

    pub fn bytes(&self) -> &[u8] {
        &self.map
    }

    pub fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.map
    }
}
