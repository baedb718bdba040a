//! What every gate has seen.

use crate::ledger::{GateRecord, Outcome};

/// Names of the gates, as they stand in an entry, and what each asks.
pub mod gates {
    /// A constant a gate, and all of them with their docs in the order of an entry.
    macro_rules! gates {
        ($($(#[doc = $asks:literal])+ $constant:ident = $name:literal;)*) => {
            $($(#[doc = $asks])+ pub const $constant: &str = $name;)*

            /// Name and what it asks, in the order in which an entry has them.
            pub const ALL: &[(&str, &str)] = &[$(($name, concat!($($asks),+)),)*];
        };
    }

    gates! {
        /// Both sides were compiled and linked by the same commands.
        ARGV = "identical-commands";
        /// The candidate's object asks for nothing but a short list.
        IMPORTS = "imports";
        /// Both sides export what `kda/abi.h` asks for, and nothing else.
        EXPORTS = "exports";
        /// No variable of the candidate outlives a call, on the device or the host.
        STATIC_STATE = "static-state";
        /// Loading and unloading the candidate runs nothing but nvcc's registration.
        CONSTRUCTORS = "constructors";
        /// The candidate approximates nothing that the baseline does not.
        MATH_PARITY = "math-parity";
        /// What the compiler read lies in the task, `kernels/` and `baselines/`.
        DEPFILE = "depfile";
        /// No system call, no embedded binary, no cache hint that outlives a call.
        INSTRUCTIONS = "instructions";
        /// No worker died, hung or reported a device error.
        ALIVE = "alive";
        /// Every case that the contract accepts is served.
        SERVED = "served";
        /// Every case that must be refused returns its status and writes nothing.
        REFUSED = "refused";
        /// `kda_route` says what `kda_launch` does.
        ROUTE = "route";
        /// The captured graph launches something, on the call's own buffers, and the same in every call and process.
        GRAPH = "graph";
        /// Every element of every output is written.
        WRITTEN = "written";
        /// Twice the same inputs, twice the same bits.
        REPEATABLE = "repeatable";
        /// NaN and infinities where the oracle has them, and nowhere else.
        NON_FINITE = "non-finite";
        /// Within the contract's tolerance of the oracle.
        TOLERANCE = "tolerance";
        /// Outputs that the contract compares bit by bit.
        BITWISE = "bitwise";
        /// No answer that takes no work passes for a row.
        TRIVIAL = "trivial";
        /// The candidate's error against the oracle, relative to the baseline's.
        ERROR_BUDGET = "error-budget";
        /// The candidate's bits are the baseline's where the contract wants it.
        SAME_BITS = "same-bits";
        /// Guards around every allocation are whole.
        GUARDS = "guards";
        /// Inputs are as they were.
        INPUTS = "inputs-unchanged";
        /// Settings of the device are as they were.
        DEVICE_STATE = "device-state";
        /// Outputs of timed replays are right, and those of a call captured afresh.
        TIMED = "timed-outputs";
        /// So are those of the timed graphs on fresh inputs at the same addresses.
        REDRAWN = "redrawn";
        /// No call is faster than the device can be.
        FLOOR = "floor";
    }
}

/// Failures that a gate keeps in words; all are counted.
const KEPT_DETAILS: usize = 5;

/// Passes and failures by gate.
#[derive(Clone, Debug)]
pub struct GateBook {
    records: Vec<GateRecord>,
    /// Gates that look away.
    blind: Vec<String>,
}

impl Default for GateBook {
    fn default() -> Self {
        let record = |name: &str| GateRecord {
            name: name.to_owned(),
            outcome: Outcome::Passed,
            cases: 0,
            failures: 0,
            details: Vec::new(),
        };
        Self {
            records: gates::ALL.iter().map(|(name, _)| record(name)).collect(),
            blind: Vec::new(),
        }
    }
}

impl GateBook {
    /// A book in which some gates look away, to see whether others catch what these would.
    pub fn blind_to(gates: &[String]) -> Self {
        Self {
            blind: gates.to_vec(),
            ..Self::default()
        }
    }

    /// Notes that `gate` looked at one case; `failure` says what it found.
    pub fn note(&mut self, gate: &str, failure: Option<String>) {
        if self.blind.iter().any(|blind| blind == gate) {
            return;
        }
        let record = self
            .records
            .iter_mut()
            .find(|record| record.name == gate)
            .expect("every gate should be listed");
        record.cases += 1;
        if let Some(detail) = failure {
            record.outcome = Outcome::Failed;
            record.failures += 1;
            if record.details.len() < KEPT_DETAILS {
                record.details.push(detail);
            }
        }
    }

    /// Takes over what another book saw later.
    pub fn add(&mut self, later: Self) {
        for (record, later) in self.records.iter_mut().zip(later.records) {
            record.cases += later.cases;
            record.failures += later.failures;
            if later.outcome == Outcome::Failed {
                record.outcome = Outcome::Failed;
            }
            let room = KEPT_DETAILS.saturating_sub(record.details.len());
            record.details.extend(later.details.into_iter().take(room));
        }
    }

    pub fn all_passed(&self) -> bool {
        self.records
            .iter()
            .all(|record| record.outcome == Outcome::Passed)
    }

    /// The gates that looked at something, in their fixed order.
    pub fn records(&self) -> Vec<GateRecord> {
        self.records
            .iter()
            .filter(|record| record.cases > 0)
            .cloned()
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gate_fails_with_its_first_failure_and_counts_the_rest() {
        let mut book = GateBook::default();
        book.note(gates::TOLERANCE, None);
        for place in 0..9 {
            book.note(gates::TOLERANCE, Some(format!("failure {place}")));
        }
        let records = book.records();
        assert_eq!(
            (records.len(), records[0].cases, records[0].failures),
            (1, 10, 9)
        );
        assert_eq!(records[0].details.len(), KEPT_DETAILS);
        assert!(!book.all_passed());
    }

    #[test]
    fn two_books_add_up_to_what_one_would_have_seen() {
        let finding = |place: usize| place.is_multiple_of(3).then(|| format!("failure {place}"));
        let mut books = [0..8, 8..24].map(|places| {
            let mut book = GateBook::default();
            places.for_each(|place| book.note(gates::WRITTEN, finding(place)));
            book
        });
        let mut one = GateBook::default();
        (0..24).for_each(|place| one.note(gates::WRITTEN, finding(place)));
        let later = std::mem::take(&mut books[1]);
        books[0].add(later);
        assert_eq!(books[0].records(), one.records());
    }
}
