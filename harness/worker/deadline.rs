//! Reading from a socket until a point in time, however the other end spreads its bytes.

use std::io::{self, Read};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

/// A reader whose every read fails with [`io::ErrorKind::TimedOut`] once `limit` has passed since it was made.
pub(super) struct Deadline<'a> {
    socket: &'a UnixStream,
    end: Instant,
}

impl<'a> Deadline<'a> {
    pub(super) fn after(limit: Duration, socket: &'a UnixStream) -> Self {
        Self {
            socket,
            end: Instant::now() + limit,
        }
    }
}

impl Read for Deadline<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let left = self.end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        self.socket.set_read_timeout(Some(left))?;
        self.socket.read(bytes)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::thread;

    use super::*;

    #[test]
    fn bytes_that_trickle_do_not_move_the_end() {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        // Each byte comes long before the limit, and all of them long after.
        thread::spawn(move || {
            while theirs.write_all(b".").is_ok() {
                thread::sleep(Duration::from_millis(20));
            }
        });
        let start = Instant::now();
        let mut reader = Deadline::after(Duration::from_millis(300), &ours);
        let error = reader.read_exact(&mut [0; 10_000]).unwrap_err();
        assert!(matches!(
            error.kind(),
            io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock
        ));
        assert!(start.elapsed() < Duration::from_secs(10));
    }
}
