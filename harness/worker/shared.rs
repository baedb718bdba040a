//! Memory that parent and worker both map: the way of outputs to the oracle.

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd};

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
        let flags = libc::MFD_CLOEXEC | libc::MFD_ALLOW_SEALING;
        let fd = unsafe { libc::memfd_create(c"kda-outputs".as_ptr(), flags) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: a fresh descriptor that nobody else owns.
        let file = unsafe { File::from_raw_fd(fd) };
        file.set_len(bytes.max(1))?;
        // A worker that shortened it would end the parent with its next read.
        let seals = libc::F_SEAL_SHRINK | libc::F_SEAL_GROW | libc::F_SEAL_SEAL;
        // SAFETY: fcntl on a descriptor of this process.
        if unsafe { libc::fcntl(file.as_raw_fd(), libc::F_ADD_SEALS, seals) } < 0 {
            return Err(io::Error::last_os_error());
        }
        Self::map(file)
    }

    /// Maps the memory that another process created.
    pub fn map(file: File) -> io::Result<Self> {
        // SAFETY: the file is anonymous and shared with one worker. Its size is sealed; contents may
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_can_shorten_or_lengthen_it() {
        let shared = SharedMemory::create(8192).unwrap();
        for length in [0, 4096, 16384] {
            let error = shared.file().set_len(length).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
        }
        assert_eq!(shared.bytes().len(), 8192);
    }
}
