//! The corpus of cheats and of honest but unusual candidates, and whether the gates tell them apart.

mod corpus;
mod trial;

pub use corpus::{Corpus, CorpusError, Kind, Specimen, Whereabouts};
pub use trial::{Finding, Trial, Verdict};
