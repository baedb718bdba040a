//! Lines about what was compared, where and how.

use serde::Serialize;

use super::physics::Ceilings;
use crate::ledger;

#[derive(Serialize)]
pub(super) struct Provenance<'a> {
    command: &'a str,
    /// Text, because a JSON number is exact to 2^53 only.
    seed: String,
    harness_commit: &'a str,
    harness_version: &'a str,
    contract_hash: &'a str,
    baseline_source: &'a str,
    candidate_source: &'a str,
    oracle_source: &'a str,
    baseline_object: &'a str,
    candidate_object: &'a str,
    compiler: &'a str,
    compile: &'a [String],
    link: &'a [String],
    sandbox: &'a str,
}

impl<'a> Provenance<'a> {
    pub(super) fn of(from: &'a ledger::Provenance) -> Self {
        Self {
            command: &from.command,
            seed: from.seed.to_string(),
            harness_commit: &from.harness_commit,
            harness_version: &from.harness_version,
            contract_hash: &from.contract_hash,
            baseline_source: &from.baseline_source,
            candidate_source: &from.candidate_source,
            oracle_source: &from.oracle_source,
            baseline_object: &from.baseline_object,
            candidate_object: &from.candidate_object,
            compiler: &from.compiler,
            compile: &from.compile,
            link: &from.link,
            sandbox: &from.sandbox,
        }
    }
}

#[derive(Serialize)]
pub(super) struct Device<'a> {
    name: &'a str,
    uuid: &'a str,
    driver: &'a str,
    compute_capability: &'a str,
    multiprocessors: u32,
    l2_bytes: u64,
    memory_bytes: u64,
    copy_tb_per_s: f64,
    ceilings: Option<Ceilings>,
    before: Option<Clocks<'a>>,
    during: Option<During<'a>>,
    after: Option<Clocks<'a>>,
}

#[derive(Serialize)]
struct Clocks<'a> {
    sm_mhz: u32,
    memory_mhz: u32,
    temperature_c: u32,
    power_w: f64,
    throttle: &'a [String],
    other_processes: u32,
}

#[derive(Serialize)]
struct During<'a> {
    looks: u32,
    failed_looks: u32,
    sm_mhz: [u32; 2],
    memory_mhz: [u32; 2],
    temperature_c: u32,
    power_w: f64,
    throttle: &'a [String],
    throttled_looks: u32,
    other_processes: u32,
}

impl<'a> From<&'a ledger::DuringRecord> for During<'a> {
    fn from(record: &'a ledger::DuringRecord) -> Self {
        Self {
            looks: record.looks,
            failed_looks: record.failed_looks,
            sm_mhz: record.sm_mhz,
            memory_mhz: record.memory_mhz,
            temperature_c: record.temperature_c,
            power_w: record.power_w,
            throttle: &record.throttle,
            throttled_looks: record.throttled_looks,
            other_processes: record.other_processes,
        }
    }
}

impl<'a> Device<'a> {
    pub(super) fn of(device: &'a ledger::DeviceRecord) -> Self {
        let clocks = |record: &'a ledger::ClockRecord| Clocks {
            sm_mhz: record.sm_mhz,
            memory_mhz: record.memory_mhz,
            temperature_c: record.temperature_c,
            power_w: record.power_w,
            throttle: &record.throttle,
            other_processes: record.other_processes,
        };
        Self {
            name: &device.name,
            uuid: &device.uuid,
            driver: &device.driver,
            compute_capability: &device.compute_capability,
            multiprocessors: device.multiprocessors,
            l2_bytes: device.l2_bytes,
            memory_bytes: device.memory_bytes,
            copy_tb_per_s: device.copy_tb_per_s,
            ceilings: device.ceilings.as_ref().map(Ceilings::from),
            before: device.before.as_ref().map(clocks),
            during: device.during.as_ref().map(During::from),
            after: device.after.as_ref().map(clocks),
        }
    }
}

#[derive(Serialize)]
pub(super) struct Sampling {
    processes: usize,
    blocks_per_process: usize,
    sample_us: f64,
    margin: f64,
    confidence: f64,
    floor_us: f64,
    redrawn_blocks: usize,
    sm_mhz: Option<[f64; 2]>,
}

impl Sampling {
    pub(super) fn of(sampling: &ledger::SamplingRecord) -> Self {
        Self {
            processes: sampling.processes,
            blocks_per_process: sampling.blocks_per_process,
            sample_us: sampling.sample_us,
            margin: sampling.margin,
            confidence: sampling.confidence,
            floor_us: sampling.floor_us,
            redrawn_blocks: sampling.redrawn_blocks,
            sm_mhz: sampling.sm_mhz,
        }
    }
}
