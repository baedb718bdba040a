//! What limits a row on a device, from its bytes and operations and the peaks that were measured there.

mod bound;
mod bucket;

pub use bound::{bound, record};
pub use bucket::decide_bucket;
