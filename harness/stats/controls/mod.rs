//! Whether a session may be believed: what it measured where the answer was known.
//!
//! Two kinds of control. Rows whose two sides launch the same machine code (the baseline against a second copy of its
//! object, and rows that the candidate hands back) must read 1. A planted effect of known size must be found, and come
//! back with that size. A session that fails either has no result, whatever its candidate reads.
//!
//! **Level.** The tests of one session share an error of 1 in 1,000 evenly (C. E. Bonferroni, 1936), so that of 1,000
//! sessions on a device without bias one is refused. At the usual 5 % every fifth good session would be, and the cure
//! for that would be to run it again until it passes.
//!
//! **Floor.** A bias below 0.1 % refuses no session, however narrow its interval: no verdict rests on so little, since
//! a margin is several times that.

mod planted;
mod same_code;
mod session;

pub use planted::{PlantedReading, PlantedRow};
pub use same_code::{BIAS_FLOOR, SameCodeGroup, SameCodeReading, SameCodeRow};
pub use session::{Controls, REFUSED_BY_CHANCE, judge_controls};
