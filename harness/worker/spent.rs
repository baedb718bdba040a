//! Where a request's time went, for whoever makes the harness faster.

use std::time::Instant;

/// Milliseconds by what was done.
pub(super) struct Spent {
    since: Instant,
    laps: Vec<(String, f64)>,
}

impl Spent {
    pub(super) fn start() -> Self {
        Self {
            since: Instant::now(),
            laps: Vec::new(),
        }
    }

    /// What was done since the last lap.
    pub(super) fn lap(&mut self, name: &str) {
        let ms = self.since.elapsed().as_secs_f64() * 1e3;
        match self.laps.iter_mut().find(|(known, _)| known == name) {
            Some((_, sum)) => *sum += ms,
            None => self.laps.push((name.to_owned(), ms)),
        }
        self.since = Instant::now();
    }

    pub(super) fn laps(self) -> Vec<(String, f64)> {
        self.laps
    }
}
