//! Profiled calls of an entry, for a page: what moved most, every figure of the whole call, its kernels.

use super::names::kernel_name;
use super::numbers::{or_none, short};
use super::profile::lane;
use super::table::{Side::Left, Side::Right, Table};
use crate::ledger::{EMULATED, Entry};
use crate::profile::{Change, ProfileRecord, StoredProfile, changes, metrics, moved_most};

/// Metrics of [`metrics`] that the table of kernels shows: the fixed ones in front of those of the class.
const OF_A_KERNEL: usize = 4;

/// How a whole page stands to its profiles where there is none; `None` of an emulated entry, which can have none.
pub(super) fn how_to_make_one(entry: &Entry) -> Option<String> {
    let first = entry.rows.iter().find(|row| row.production)?;
    (entry.gpu != EMULATED).then(|| {
        format!(
            "No call of this entry's candidate was profiled. `kda profile {} --row {}` makes a profile on a GPU.",
            entry.task, first.id
        )
    })
}

/// A line for each file, for the foot of a terminal's view.
pub fn profiled(profiles: &[StoredProfile]) -> String {
    let lines = profiles.iter().map(|stored| match &stored.record {
        Ok(_) => format!("profiled: {}\n", stored.path.display()),
        Err(why) => format!("warning: {}\n", unreadable(stored, why)),
    });
    lines.collect()
}

/// The row and what bounds it.
pub(super) fn title(record: &ProfileRecord) -> String {
    format!("{}, {}-bound", record.row, record.class)
}

/// How it was counted, and what tells it from the entry.
pub(super) fn counted(record: &ProfileRecord, entry: &Entry) -> String {
    let mut words = format!(
        "Nsight Compute {} on {}, driver {}, caches {}, clocks {}; durations under a profiler are no times to compare",
        record.ncu,
        record.gpu,
        record.driver,
        lane(record),
        record.clocks
    );
    if record.gpu != entry.gpu {
        words.push_str("; another GPU than the entry's");
    }
    if record.baseline_source != entry.provenance.baseline_source {
        words.push_str(&format!(
            "; against another baseline than the entry's, {}",
            short(&record.baseline_source)
        ));
    }
    words + "."
}

/// Why a file is not shown.
pub(super) fn unreadable(stored: &StoredProfile, why: &str) -> String {
    format!(
        "{} cannot be read ({why}): remove it, and make it again with `kda profile`.",
        stored.shown()
    )
}

/// The metrics that moved most, the furthest first.
pub(super) fn moved(record: &ProfileRecord) -> Table {
    sides("moved most", moved_most(&changes(record)))
}

/// Every figure of the row's class.
pub(super) fn whole_call(record: &ProfileRecord) -> Table {
    sides("the whole call", changes(record))
}

fn sides(title: &'static str, changes: Vec<Change>) -> Table {
    let mut table = Table::new([
        (Left, title),
        (Right, "baseline"),
        (Right, "candidate"),
        (Right, "change"),
    ]);
    for change in changes {
        let show = |value: Option<f64>| or_none(value, |value| change.unit.show(value));
        table.push([
            change.label.into(),
            show(change.baseline).into(),
            show(change.candidate).into(),
            change.words().into(),
        ]);
    }
    table
}

/// A line a launch, in their order.
pub(super) fn launches(record: &ProfileRecord) -> Table {
    let shown = &metrics(record.class)[..OF_A_KERNEL];
    let mut columns = vec![(Left, "side"), (Left, "kernel")];
    columns.extend(shown.iter().map(|metric| (Right, metric.label)));
    columns.push((Right, "local memory a thread"));
    let mut table = Table::of(columns);
    for kernel in &record.kernels {
        let mut line = vec![
            kernel.side.to_string().into(),
            kernel_name(&kernel.name).into(),
        ];
        line.extend(shown.iter().map(|metric| {
            let value = kernel.metrics.get(metric.name);
            or_none(value, |value| metric.unit.show(*value)).into()
        }));
        line.push(or_none(kernel.local_bytes, |bytes| format!("{bytes} B")).into());
        table.push_row(line);
    }
    table.of_what_is_said()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::sample;
    use crate::profile;

    #[test]
    fn each_launch_has_its_kernel_and_the_call_what_moved() {
        let record = profile::sample::record();
        insta::assert_snapshot!(launches(&record).markdown(), @r"
        | side | kernel | duration | registers a thread | local memory a thread |
        | --- | --- | ---: | ---: | ---: |
        | baseline | scale&lt;3> | 30.000 us | 16 | 0 B |
        | baseline | second | 10.000 us | 40 | 0 B |
        | candidate | fused | 30.000 us | 40 | 0 B |
        ");
        insta::assert_snapshot!(moved(&record).markdown(), @r"
        | moved most | baseline | candidate | change |
        | --- | ---: | ---: | ---: |
        | kernel launches | 2 | 1 | -50.0 % |
        | DRAM bytes read | 75.000 MB | 50.000 MB | -33.3 % |
        | duration | 40.000 us | 30.000 us | -25.0 % |
        | DRAM throughput, of peak | 65.0 % | 90.0 % | +25.0 points |
        | DRAM bytes over the contract's | 1.25 | 1.00 | -20.0 % |
        ");
        let whole = whole_call(&record).markdown();
        assert!(
            whole.contains("| duration | 40.000 us | 30.000 us | -25.0 % |"),
            "{whole}"
        );
    }

    #[test]
    fn a_profile_of_another_gpu_or_baseline_says_so() {
        let (mut record, entry) = (profile::sample::record(), sample::entry());
        record.baseline_source = entry.provenance.baseline_source.clone();
        assert!(counted(&record, &entry).ends_with("no times to compare."));
        (record.gpu, record.baseline_source) = ("Another GPU".to_owned(), "cd".repeat(32));
        assert!(counted(&record, &entry).ends_with(
            "another GPU than the entry's; against another baseline than the entry's, cdcdcdcd."
        ));
    }

    #[test]
    fn an_emulated_entry_is_not_told_to_make_a_profile() {
        let mut entry = sample::entry();
        let told = how_to_make_one(&entry).expect("it was measured");
        assert!(
            told.contains("`kda profile demo_vector_axpy --row "),
            "{told}"
        );
        entry.gpu = EMULATED.to_owned();
        assert_eq!(how_to_make_one(&entry), None);
    }
}
