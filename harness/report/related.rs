//! What lies beside an entry and belongs to its view.

use super::{Color, profiled, replicated_by};
use crate::ledger::Entry;
use crate::profile::StoredProfile;

/// Runs that made the entry again, and profiles of its candidate.
#[derive(Clone, Copy, Debug, Default)]
pub struct Related<'a> {
    pub again: &'a [Entry],
    pub profiles: &'a [StoredProfile],
}

/// A line each, for the foot of a terminal's view.
pub fn related(related: Related<'_>, color: Color) -> String {
    replicated_by(related.again, color) + &profiled(related.profiles)
}
