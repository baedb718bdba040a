//! Making an entry's run again: its sources, its flags, and whether the new run says the same.

mod agreement;
mod claim;
mod comparison;
mod error;
mod reading;
mod recipe;
mod sources;

pub use agreement::Agreement;
pub use claim::{Claim, claim_of};
pub use error::ReplicationError;
pub use reading::{HeadlineAgreement, RowAgreement, Said, Word};
pub use recipe::{same_build, same_flags};
pub use sources::Sources;
