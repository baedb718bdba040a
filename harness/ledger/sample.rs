//! A fabricated entry for tests.

use std::collections::BTreeMap;

use super::*;
use crate::stats::{Mode, Modes};
use crate::toolchain::{ByWidth, Side, Width};

pub(crate) fn gate(failures: usize) -> GateRecord {
    let outcome = if failures == 0 {
        Outcome::Passed
    } else {
        Outcome::Failed
    };
    let details = (0..failures)
        .map(|n| format!("row_{n} candidate out[7]: expected 1.5, found NaN"))
        .collect();
    GateRecord {
        name: "poison".to_owned(),
        outcome,
        cases: 68,
        failures,
        details,
    }
}

pub(crate) fn lane(speedup: f64, low: f64, high: f64) -> LaneRecord {
    let spread = |median: f64| Spread {
        median,
        mean: median * 1.001,
        stddev: median * 0.002,
        min: median * 0.99,
        p10: median * 0.995,
        p90: median * 1.005,
        samples: 80,
    };
    LaneRecord {
        ratio: Some(SpeedupInterval { speedup, low, high }),
        per_process: vec![low, speedup, high],
        baseline_us: spread(12.34),
        candidate_us: spread(12.34 / speedup),
    }
}

pub(crate) fn row(id: &str) -> RowRecord {
    let graph = |kernel: &str| GraphRecord {
        fingerprint: "5f2c".repeat(4),
        nodes: vec![format!("{kernel} 132x1x1 256x1x1 0")],
    };
    RowRecord {
        id: id.to_owned(),
        set: "b200".to_owned(),
        entry: "demo_vector_axpy".to_owned(),
        production: true,
        state: RowState::Measured,
        reason: None,
        bucket: "broadcast".to_owned(),
        declined: false,
        same_code: false,
        verdict: Some(Verdict::Material),
        smallest_effect: Some(0.0012),
        second_opinion: Some(SpeedupInterval {
            speedup: 1.2345,
            low: 1.231,
            high: 1.238,
        }),
        modes: None,
        doubt: None,
        bytes: 103_514_112,
        flops: 51_757_056,
        bound: Some(BoundRecord {
            class: BoundClass::Memory,
            us: 9.2,
            baseline_share: 0.7455,
            candidate_share: 0.9204,
            still_to_win: 1.0864,
        }),
        shrunk: None,
        calls_per_sample: 24,
        buffer_sets: 3,
        baseline_graph: Some(graph("baseline_kernel")),
        candidate_graph: Some(graph("candidate_kernel")),
        baseline_tb_per_s: Some(2.413),
        candidate_tb_per_s: Some(2.981),
        candidate_share_of_copy: Some(0.954),
        device: Some(lane(1.2346, 1.2311, 1.2381)),
        device_hot: Some(lane(1.1021, 1.0973, 1.1069)),
        device_dirty: Some(lane(1.0811, 1.0792, 1.083)),
        beside: Some(around_one(0.0006)),
        submit: None,
        wall: None,
    }
}

fn around_one(width: f64) -> SpeedupInterval {
    SpeedupInterval {
        speedup: 1.0,
        low: 1.0 - width,
        high: 1.0 + width,
    }
}

pub(crate) fn controls() -> ControlsRecord {
    ControlsRecord {
        admissible: true,
        reasons: Vec::new(),
        twins: around_one(0.0005),
        twin_rows: 3,
        false_verdicts: 0,
        half_width: 0.0008,
        planted: 1.02,
        planted_found: SpeedupInterval {
            speedup: 1.0197,
            low: 1.0191,
            high: 1.0203,
        },
        same_code: None,
        calibration: Some(CalibrationQuote {
            id: "20260101T030405000Z-babababa".to_owned(),
            rows: 40,
            bias: around_one(0.0003),
            between_processes: 0.0007,
            false_verdicts: 0,
        }),
    }
}

pub(crate) fn control(kind: ControlKind) -> ControlRecord {
    ControlRecord {
        kind,
        row: "qwen_s4096_c3072_bcast11".to_owned(),
        first_us: 12.34,
        between_processes: 0.0007,
        device: around_one(0.0008),
        device_hot: Some(around_one(0.0009)),
        device_dirty: Some(around_one(0.001)),
        submit: Some(around_one(0.01)),
        wall: Some(around_one(0.01)),
    }
}

pub(crate) fn entry() -> Entry {
    let clocks = ClockRecord {
        sm_mhz: 1980,
        memory_mhz: 2619,
        temperature_c: 41,
        power_w: 312.5,
        throttle: Vec::new(),
        other_processes: 0,
    };
    Entry {
        schema: SCHEMA_VERSION,
        id: "20260102T030405Z-0123abcd".to_owned(),
        task: "demo_vector_axpy".to_owned(),
        decision: Decision::Promote,
        summary: "1.235 times as fast over the b200 rows, none slower".to_owned(),
        note: None,
        gpu: "NVIDIA H100 80GB HBM3".to_owned(),
        started: "2026-01-02T03:04:05Z".to_owned(),
        wall_seconds: 37.25,
        headline: BTreeMap::from([(
            "b200".to_owned(),
            Headline {
                speedup: 1.2346,
                low: 1.2318,
                high: 1.2374,
                rows: 2,
                fallback_rows: 1,
                processes: 5,
            },
        )]),
        replicates: None,
        provenance: Provenance {
            command: "kda bench demo_vector_axpy".to_owned(),
            seed: u64::MAX,
            harness_commit: "18fa365".to_owned(),
            harness_version: "0.1.0".to_owned(),
            contract_hash: "c0".repeat(32),
            baseline_source: "ba".repeat(32),
            candidate_source: "0123abcd".repeat(8),
            oracle_source: "0a".repeat(32),
            baseline_object: "b0".repeat(32),
            candidate_object: "ca".repeat(32),
            compiler: "nvcc 13.0.88".to_owned(),
            compile: [
                "nvcc",
                "-O3",
                "-std=c++20",
                "-arch=sm_90a",
                "-cudart",
                "static",
                "{source}",
                "-o",
                "{output}",
            ]
            .map(str::to_owned)
            .to_vec(),
            link: vec!["nvcc".to_owned(), "-shared".to_owned()],
            sandbox: "landlock 7, seccomp".to_owned(),
        },
        device: DeviceRecord {
            name: "NVIDIA H100 80GB HBM3".to_owned(),
            uuid: "GPU-00000000-0000-0000-0000-000000000000".to_owned(),
            driver: "580.65.06".to_owned(),
            compute_capability: "9.0".to_owned(),
            multiprocessors: 132,
            l2_bytes: 52_428_800,
            memory_bytes: 85_520_809_984,
            copy_tb_per_s: 3.125,
            ceilings: Some(CeilingsRecord {
                hot_copy_tb_per_s: 5.5,
                read_tb_per_s: 3.0,
                fma_tflops: 60.5,
                tensor_tflops: 620.0,
                empty_graph_us: 2.5,
            }),
            before: Some(clocks.clone()),
            during: Some(DuringRecord {
                looks: 92,
                failed_looks: 0,
                sm_mhz: [1965, 1980],
                memory_mhz: [2619, 2619],
                temperature_c: 52,
                power_w: 412.5,
                throttle: vec!["sw-power-cap".to_owned()],
                throttled_looks: 3,
                other_processes: 0,
            }),
            after: Some(ClockRecord {
                throttle: vec!["sw-power-cap".to_owned()],
                ..clocks
            }),
        },
        sampling: SamplingRecord {
            processes: 5,
            blocks_per_process: 16,
            sample_us: 1000.0,
            margin: 0.01,
            confidence: 0.95,
            floor_us: 1.125,
            redrawn_blocks: 1,
            sm_mhz: Some([1965.0, 1980.0]),
        },
        controls: Some(controls()),
        samples: Some(SamplesRecord {
            file: "samples/20260102T030405Z-0123abcd.json.gz".to_owned(),
            blake3: "5a".repeat(32),
        }),
        warnings: vec!["1 row of 2 fell back".to_owned()],
        gates: vec![gate(0)],
        buckets: vec![BucketRecord {
            name: "broadcast".to_owned(),
            condition: "scale and shift broadcast over rows".to_owned(),
            path: "broadcast_vec8".to_owned(),
            why: "one read of scale a block".to_owned(),
            declined: false,
            production_rows: 2,
            rows: vec![
                "qwen_s4096_c3072_bcast11".to_owned(),
                "qwen_edit_s189_c3072_bcast11".to_owned(),
            ],
            speedup: Some(1.2346),
            decision: Some(BucketDecision::Promote),
            because: Some("1.235 times as fast, 2.98 of 3.12 TB/s".to_owned()),
        }],
        rows: vec![
            row("qwen_s4096_c3072_bcast11"),
            row("qwen_edit_s189_c3072_bcast11"),
        ],
        control_rows: vec![control(ControlKind::Twins), control(ControlKind::Planted)],
        kernels: vec![KernelRecord {
            side: Side::Candidate,
            name: "candidate_kernel".to_owned(),
            rows: 2,
            registers: 40,
            local_bytes: 0,
            static_shared_bytes: 1024,
            instructions: 412,
            loads: ByWidth::from([(Width::Bits128, 4), (Width::Bits32, 1)]),
            stores: ByWidth::from([(Width::Bits128, 4)]),
            async_copies: 0,
            bulk_copies: 0,
            local_loads: 0,
            local_stores: 0,
            mma: 0,
        }],
        previous: String::new(),
        hash: String::new(),
    }
}

/// Of an earlier entry, one of whose rows did not hold.
pub(crate) fn replicates() -> ReplicatesRecord {
    ReplicatesRecord {
        entry: "20260101T030405Z-0123abcd".to_owned(),
        agrees: Some(false),
        rows: 2,
        disagreeing: vec!["qwen_s4096_c3072_bcast11".to_owned()],
        commit: Some("18fa365".to_owned()),
    }
}

/// An entry that leaves no field out.
pub(crate) fn complete() -> Entry {
    let mut entry = entry();
    let widths = [
        Width::Bits8,
        Width::Bits16,
        Width::Bits32,
        Width::Bits64,
        Width::Bits128,
        Width::Bits256,
    ];
    let of_all = ByWidth::from(widths.map(|width| (width, 1)));
    (entry.kernels[0].loads, entry.kernels[0].stores) = (of_all.clone(), of_all);
    entry.note = Some("two tokens a block".to_owned());
    entry.replicates = Some(replicates());
    let controls = entry.controls.as_mut().expect("the sample has controls");
    controls.reasons = vec!["A/A, cold: reads 1.01".to_owned()];
    controls.same_code = Some(around_one(0.001));
    entry.gates.push(gate(1));
    entry.rows[0] = RowRecord {
        reason: Some("the worker was killed by signal 11".to_owned()),
        same_code: true,
        shrunk: Some("L 8424 -> 10".to_owned()),
        submit: Some(lane(1.01, 1.0, 1.02)),
        wall: Some(lane(1.1, 1.05, 1.15)),
        modes: Some(ModesRecord {
            baseline: Some(two_modes()),
            candidate: Some(two_modes()),
        }),
        doubt: Some("material over both modes, inconclusive in each alone".to_owned()),
        ..row("qwen_s4096_c3072_bcast11")
    };
    entry
}

fn two_modes() -> Modes {
    let mode = |centre_us, share| Mode { centre_us, share };
    Modes {
        fast: mode(1.69, 0.2),
        slow: mode(2.03, 0.8),
        by_process: true,
        limits_ns: Vec::new(),
    }
}
