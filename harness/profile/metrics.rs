//! The fixed table of metrics: those of every class of bound, and those of one.
//!
//! Names are Nsight Compute's. What one of them says is in docs/profile.md.

use std::collections::BTreeMap;

use crate::ledger::BoundClass;

/// How a value is shown; the profiler's own units are the base ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Stored in ns, shown in us.
    Time,
    /// Stored in bytes, shown in MB.
    Traffic,
    Percent,
    Bytes,
    Count,
    /// Of a warp or a request, with decimals.
    Average,
}

/// How the kernels of one call come to one figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Total {
    Sum,
    /// Weighted with each kernel's duration.
    Mean,
    Largest,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metric {
    pub name: &'static str,
    pub label: &'static str,
    pub unit: Unit,
    pub total: Total,
}

pub(super) const DURATION: &str = "gpu__time_duration.sum";
pub(super) const DRAM_READ: &str = "dram__bytes_read.sum";
pub(super) const DRAM_WRITTEN: &str = "dram__bytes_write.sum";

const fn metric(name: &'static str, label: &'static str, unit: Unit, total: Total) -> Metric {
    Metric {
        name,
        label,
        unit,
        total,
    }
}

/// Of every class.
const ALWAYS: [Metric; 6] = [
    metric(DURATION, "duration", Unit::Time, Total::Sum),
    metric("launch__grid_size", "blocks", Unit::Count, Total::Sum),
    metric(
        "launch__block_size",
        "threads a block",
        Unit::Count,
        Total::Largest,
    ),
    metric(
        "launch__registers_per_thread",
        "registers a thread",
        Unit::Count,
        Total::Largest,
    ),
    metric(
        "launch__shared_mem_per_block_static",
        "static shared memory a block",
        Unit::Bytes,
        Total::Largest,
    ),
    metric(
        "launch__shared_mem_per_block_dynamic",
        "dynamic shared memory a block",
        Unit::Bytes,
        Total::Largest,
    ),
];

const MEMORY: [Metric; 10] = [
    metric(
        "dram__throughput.avg.pct_of_peak_sustained_elapsed",
        "DRAM throughput, of peak",
        Unit::Percent,
        Total::Mean,
    ),
    metric(
        "lts__throughput.avg.pct_of_peak_sustained_elapsed",
        "L2 throughput, of peak",
        Unit::Percent,
        Total::Mean,
    ),
    metric(
        "l1tex__throughput.avg.pct_of_peak_sustained_active",
        "L1 throughput, of peak",
        Unit::Percent,
        Total::Mean,
    ),
    metric(DRAM_READ, "DRAM bytes read", Unit::Traffic, Total::Sum),
    metric(
        DRAM_WRITTEN,
        "DRAM bytes written",
        Unit::Traffic,
        Total::Sum,
    ),
    metric(
        "lts__t_sector_hit_rate.pct",
        "L2 hit rate",
        Unit::Percent,
        Total::Mean,
    ),
    metric(
        "smsp__sass_average_data_bytes_per_sector_mem_global_op_ld.pct",
        "load efficiency, used of each sector",
        Unit::Percent,
        Total::Mean,
    ),
    metric(
        "smsp__sass_average_data_bytes_per_sector_mem_global_op_st.pct",
        "store efficiency, used of each sector",
        Unit::Percent,
        Total::Mean,
    ),
    metric(
        "l1tex__average_t_sectors_per_request_pipe_lsu_mem_global_op_ld.ratio",
        "sectors a load request",
        Unit::Average,
        Total::Mean,
    ),
    metric(
        "l1tex__average_t_sectors_per_request_pipe_lsu_mem_global_op_st.ratio",
        "sectors a store request",
        Unit::Average,
        Total::Mean,
    ),
];

const COMPUTE: [Metric; 5] = [
    metric(
        "sm__throughput.avg.pct_of_peak_sustained_elapsed",
        "SM busy",
        Unit::Percent,
        Total::Mean,
    ),
    metric(
        "sm__pipe_tensor_cycles_active.avg.pct_of_peak_sustained_active",
        "tensor pipe busy",
        Unit::Percent,
        Total::Mean,
    ),
    metric(
        "sm__pipe_fma_cycles_active.avg.pct_of_peak_sustained_active",
        "FMA pipe busy",
        Unit::Percent,
        Total::Mean,
    ),
    metric(
        "smsp__issue_active.avg.pct_of_peak_sustained_active",
        "issue slots used",
        Unit::Percent,
        Total::Mean,
    ),
    metric(
        "smsp__warps_eligible.avg.per_cycle_active",
        "eligible warps a scheduler",
        Unit::Average,
        Total::Mean,
    ),
];

const LATENCY: [Metric; 7] = [
    metric(
        "launch__waves_per_multiprocessor",
        "waves of blocks an SM",
        Unit::Average,
        Total::Sum,
    ),
    metric(
        "sm__maximum_warps_per_active_cycle_pct",
        "occupancy, theoretical",
        Unit::Percent,
        Total::Mean,
    ),
    metric(
        "sm__warps_active.avg.pct_of_peak_sustained_active",
        "occupancy, achieved",
        Unit::Percent,
        Total::Mean,
    ),
    metric(
        "launch__occupancy_limit_registers",
        "blocks an SM by registers",
        Unit::Count,
        Total::Largest,
    ),
    metric(
        "launch__occupancy_limit_shared_mem",
        "blocks an SM by shared memory",
        Unit::Count,
        Total::Largest,
    ),
    metric(
        "launch__occupancy_limit_warps",
        "blocks an SM by warps",
        Unit::Count,
        Total::Largest,
    ),
    metric(
        "launch__occupancy_limit_blocks",
        "blocks an SM by their number",
        Unit::Count,
        Total::Largest,
    ),
];

const fn stall(name: &'static str, label: &'static str) -> Metric {
    metric(name, label, Unit::Average, Total::Mean)
}

/// Warps that wait for each instruction issued, by what for.
const STALLS: [Metric; 15] = [
    stall(
        "smsp__average_warps_issue_stalled_barrier_per_issue_active.ratio",
        "stalled at a barrier",
    ),
    stall(
        "smsp__average_warps_issue_stalled_branch_resolving_per_issue_active.ratio",
        "stalled at a branch",
    ),
    stall(
        "smsp__average_warps_issue_stalled_dispatch_stall_per_issue_active.ratio",
        "stalled at dispatch",
    ),
    stall(
        "smsp__average_warps_issue_stalled_drain_per_issue_active.ratio",
        "stalled on stores at exit",
    ),
    stall(
        "smsp__average_warps_issue_stalled_gmma_per_issue_active.ratio",
        "stalled on wgmma",
    ),
    stall(
        "smsp__average_warps_issue_stalled_lg_throttle_per_issue_active.ratio",
        "stalled on a full load and store queue",
    ),
    stall(
        "smsp__average_warps_issue_stalled_long_scoreboard_per_issue_active.ratio",
        "stalled on global or local memory",
    ),
    stall(
        "smsp__average_warps_issue_stalled_math_pipe_throttle_per_issue_active.ratio",
        "stalled on a busy pipe",
    ),
    stall(
        "smsp__average_warps_issue_stalled_membar_per_issue_active.ratio",
        "stalled at a memory fence",
    ),
    stall(
        "smsp__average_warps_issue_stalled_mio_throttle_per_issue_active.ratio",
        "stalled on a full shared memory queue",
    ),
    stall(
        "smsp__average_warps_issue_stalled_no_instruction_per_issue_active.ratio",
        "stalled on instruction fetch",
    ),
    stall(
        "smsp__average_warps_issue_stalled_not_selected_per_issue_active.ratio",
        "ready, another was picked",
    ),
    stall(
        "smsp__average_warps_issue_stalled_short_scoreboard_per_issue_active.ratio",
        "stalled on shared memory or MUFU",
    ),
    stall(
        "smsp__average_warps_issue_stalled_sleeping_per_issue_active.ratio",
        "asleep",
    ),
    stall(
        "smsp__average_warps_issue_stalled_wait_per_issue_active.ratio",
        "stalled on a fixed latency",
    ),
];

/// The metrics of a class, stalls apart.
pub fn metrics(class: BoundClass) -> Vec<Metric> {
    let own: &[Metric] = match class {
        BoundClass::Memory => &MEMORY,
        BoundClass::Compute => &COMPUTE,
        BoundClass::Latency => &LATENCY,
    };
    ALWAYS.iter().chain(own).copied().collect()
}

/// Reasons to wait, of which a view shows the largest.
pub fn stalls(class: BoundClass) -> &'static [Metric] {
    match class {
        BoundClass::Compute => &STALLS,
        BoundClass::Memory | BoundClass::Latency => &[],
    }
}

/// The profiler's base unit of each metric of a class.
pub fn units(class: BoundClass) -> BTreeMap<String, String> {
    let all = asked(class).into_iter();
    all.map(|metric| (metric.name.to_owned(), metric.unit.stored().to_owned()))
        .collect()
}

/// All that is asked of the profiler.
pub(super) fn asked(class: BoundClass) -> Vec<Metric> {
    let mut all = metrics(class);
    all.extend(stalls(class));
    all
}

impl Unit {
    /// Of a stored value.
    pub fn stored(self) -> &'static str {
        match self {
            Self::Time => "ns",
            Self::Traffic | Self::Bytes => "B",
            Self::Percent => "%",
            Self::Count => "count",
            Self::Average => "average",
        }
    }

    /// A stored value with the unit that a reader wants.
    pub fn show(self, value: f64) -> String {
        match self {
            Self::Time => format!("{:.3} us", value * 1e-3),
            Self::Traffic => format!("{:.3} MB", value * 1e-6),
            Self::Bytes => format!("{value:.0} B"),
            Self::Percent => format!("{value:.1} %"),
            Self::Count => format!("{value:.0}"),
            Self::Average => format!("{value:.2}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_metric_is_asked_for_twice_and_no_label_stands_for_two() {
        for class in [BoundClass::Memory, BoundClass::Compute, BoundClass::Latency] {
            let asked = asked(class);
            let names: BTreeSet<_> = asked.iter().map(|metric| metric.name).collect();
            let labels: BTreeSet<_> = asked.iter().map(|metric| metric.label).collect();
            assert_eq!((names.len(), labels.len()), (asked.len(), asked.len()));
        }
    }

    #[test]
    fn every_metric_is_explained() {
        let documented = include_str!("../../docs/profile.md");
        for class in [BoundClass::Memory, BoundClass::Compute, BoundClass::Latency] {
            for metric in asked(class) {
                assert!(documented.contains(metric.label), "`{}`", metric.label);
            }
        }
    }
}
