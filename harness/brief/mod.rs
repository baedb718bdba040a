//! Where tasks stand, gathered from contract, ledger and tree: data that views render.

mod contract;
mod facts;
mod gap;
mod next;
mod status;
mod tree;

pub use contract::{EntryFacts, entry_facts};
pub use facts::{Brief, FoundProfile};
pub use gap::Gap;
pub use next::Next;
use next::next_steps;
pub use status::{Replication, Standing, TaskStatus};
pub use tree::{SourceChange, TreeComparison};
