//! Calls captured outside, proposed as rows: read, bound to a task's entries, compared with the frozen rows.

mod bind;
mod block;
mod call;
mod epoch;
mod error;
mod identity;
mod lines;
mod review;
mod scalar;
mod signature;
mod source;
mod trace;

pub use bind::Binding;
pub use epoch::{NewEpoch, merged};
pub use error::{CaptureError, EpochError};
pub use review::{Proposal, Refusal, Request, Review, SeenRow, takes};
pub use source::{Format, read};

pub use call::Call;
