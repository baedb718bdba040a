//! Pages for a browser and for paper: one file each, with nothing to fetch and no script.

mod entry;
mod lanes;
mod page;
mod profiles;
mod roofline;
mod samples;
mod speedups;
mod summary;

pub use entry::{Raw, entry_html};
pub use summary::summary_html;
