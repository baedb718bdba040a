//! What a worker says on its standard error: read as it comes, so that it costs neither disk nor memory.

use std::collections::VecDeque;
use std::io::Read;
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// End of the text that is kept, in bytes: a sanitizer's report fits.
const KEPT_BYTES: usize = 64 << 10;

/// How long the end of a dead worker's text is waited for. Only a process that it left behind could hold it open.
const PATIENCE: Duration = Duration::from_secs(1);

/// The end of a text that is still being written.
pub(super) struct LastWords {
    tail: Arc<Mutex<VecDeque<u8>>>,
    /// Disconnected when the text has ended.
    ended: Receiver<()>,
}

impl LastWords {
    pub(super) fn of(stream: impl Read + Send + 'static) -> Self {
        let tail = Arc::new(Mutex::new(VecDeque::new()));
        let (running, ended) = mpsc::channel();
        let kept = Arc::clone(&tail);
        thread::spawn(move || {
            keep_tail(stream, &kept);
            drop(running);
        });
        Self { tail, ended }
    }

    /// What was said so far.
    pub(super) fn so_far(&self) -> String {
        let mut tail = self
            .tail
            .lock()
            .expect("the reading thread should not panic");
        String::from_utf8_lossy(tail.make_contiguous()).into_owned()
    }

    /// What a process that has ended said.
    pub(super) fn all(&self) -> String {
        // Disconnected or too late: either way the text is what is here now.
        let _ = self.ended.recv_timeout(PATIENCE);
        self.so_far()
    }
}

fn keep_tail(mut stream: impl Read, tail: &Mutex<VecDeque<u8>>) {
    let mut buffer = [0; 8 << 10];
    // An error ends the text like its end does.
    while let Ok(count @ 1..) = stream.read(&mut buffer) {
        let mut tail = tail.lock().expect("no reader should panic");
        tail.extend(&buffer[..count]);
        let surplus = tail.len().saturating_sub(KEPT_BYTES);
        tail.drain(..surplus);
    }
}

#[cfg(test)]
mod tests {
    use std::io::repeat;

    use super::*;

    #[test]
    fn of_a_long_text_the_end_is_kept() {
        let text = repeat(b'.').take(100 << 20).chain(&b"the end"[..]);
        let words = LastWords::of(text);
        let _ = words.ended.recv();
        let kept = words.all();
        assert_eq!(kept.len(), KEPT_BYTES);
        assert!(kept.ends_with("...the end"));
    }
}
