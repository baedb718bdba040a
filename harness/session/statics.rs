//! What the objects say of the kernels that rows launched.

use std::collections::BTreeMap;

use crate::ledger::{GraphRecord, KernelRecord, RowRecord};
use crate::toolchain::{Built, KernelFacts, Side, TaskLibraries};

/// The kernels of both sides that at least one row launches, the baseline's first, by name. A kernel that a candidate
/// launches for a call that it declined is the baseline's; objects for the host list none.
pub(super) fn kernel_records(built: &TaskLibraries, rows: &[RowRecord]) -> Vec<KernelRecord> {
    let mut records = Vec::new();
    for side in Side::BOTH {
        let mut launched: BTreeMap<&str, usize> = BTreeMap::new();
        for row in rows {
            for name in names_of(side, row) {
                *launched.entry(name).or_default() += 1;
            }
        }
        let object = match side {
            Side::Baseline => &built.baseline,
            Side::Candidate => &built.candidate,
        };
        let known = |(name, rows): (&&str, &usize)| Some(record(side, facts(object, name)?, *rows));
        records.extend(launched.iter().filter_map(known));
    }
    records
}

/// Kernels of a side's own in a row, each once.
fn names_of(side: Side, row: &RowRecord) -> Vec<&str> {
    let graph = match side {
        Side::Baseline => row.baseline_graph.as_ref(),
        Side::Candidate if row.declined => None,
        Side::Candidate => row.candidate_graph.as_ref(),
    };
    let mut names: Vec<&str> = graph.into_iter().flat_map(GraphRecord::kernels).collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn facts<'a>(object: &'a Built, name: &str) -> Option<&'a KernelFacts> {
    let mut kernels = object.facts.kernels.iter();
    kernels.find(|kernel| kernel.name == name)
}

fn record(side: Side, kernel: &KernelFacts, rows: usize) -> KernelRecord {
    let mix = kernel.mix.clone();
    KernelRecord {
        side,
        name: kernel.name.clone(),
        rows,
        registers: kernel.registers,
        local_bytes: kernel.local_bytes,
        static_shared_bytes: kernel.static_shared_bytes,
        instructions: mix.instructions,
        loads: mix.loads,
        stores: mix.stores,
        async_copies: mix.async_copies,
        bulk_copies: mix.bulk_copies,
        local_loads: mix.local_loads,
        local_stores: mix.local_stores,
        mma: mix.mma,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::sample;
    use crate::toolchain::{InstructionMix, ObjectFacts, Width};

    fn object(kernels: &[&str]) -> Built {
        let kernel = |name: &&str| KernelFacts {
            name: (*name).to_owned(),
            code_hash: String::new(),
            registers: 40,
            static_shared_bytes: 0,
            local_bytes: 16,
            mix: InstructionMix {
                instructions: 9,
                loads: [(Width::Bits128, 2)].into(),
                local_loads: 1,
                ..InstructionMix::default()
            },
        };
        Built {
            facts: ObjectFacts {
                kernels: kernels.iter().map(kernel).collect(),
                ..ObjectFacts::default()
            },
            ..Built::default()
        }
    }

    fn libraries() -> TaskLibraries {
        TaskLibraries {
            baseline: object(&["baseline_kernel", "never_launched"]),
            candidate: object(&["candidate_kernel"]),
            oracle: object(&[]),
        }
    }

    #[test]
    fn a_kernel_counts_the_rows_that_launch_it_and_has_its_objects_facts() {
        let mut twice = sample::row("a");
        let graph = twice.candidate_graph.as_mut().expect("the sample has one");
        let node = graph.nodes[0].clone();
        graph.nodes.extend([node, "memset".to_owned()]);
        let found = kernel_records(&libraries(), &[twice, sample::row("b")]);
        let counts: Vec<_> = found
            .iter()
            .map(|kernel| (kernel.side, kernel.name.as_str(), kernel.rows))
            .collect();
        assert_eq!(
            counts,
            [
                (Side::Baseline, "baseline_kernel", 2),
                (Side::Candidate, "candidate_kernel", 2)
            ]
        );
        assert_eq!((found[1].registers, found[1].local_bytes), (40, 16));
        assert_eq!((found[1].instructions, found[1].local_loads), (9, 1));
        assert_eq!(found[1].loads[&Width::Bits128], 2);
    }

    #[test]
    fn what_serves_a_declined_row_is_the_baselines() {
        let mut row = sample::row("a");
        (row.declined, row.candidate_graph) = (true, row.baseline_graph.clone());
        let found = kernel_records(&libraries(), &[row]);
        assert!(found.iter().all(|kernel| kernel.side == Side::Baseline));
    }

    #[test]
    fn an_object_for_the_host_lists_no_kernel() {
        let mut built = libraries();
        (built.baseline, built.candidate) = (object(&[]), object(&[]));
        assert_eq!(kernel_records(&built, &[sample::row("a")]), []);
    }
}
