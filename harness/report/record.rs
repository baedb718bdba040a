//! What an entry holds, as tables for a page.

use super::evidence::figures_stand;
use super::names::kernel_name;
use super::numbers::{
    NONE, count, fine_ratio, interval, lane_speedup, or_none, percent, share, short, speedup,
    tb_per_s, us,
};
use super::rows::verdict;
use super::table::{Side, Table};
use super::{Cell, Tone};
use crate::ledger::{Entry, LaneRecord, Outcome, RowRecord, SpeedupInterval};

use Side::{Left, Right};

/// Production rows and riders of each set, with what they are called.
pub(super) fn groups(entry: &Entry) -> Vec<(String, Vec<&RowRecord>)> {
    let mut sets: Vec<&str> = entry.rows.iter().map(|row| row.set.as_str()).collect();
    sets.sort_unstable();
    sets.dedup();
    let mut groups = Vec::new();
    for set in sets {
        for (production, one, more) in [
            (true, "production row", "production rows"),
            (false, "rider", "riders"),
        ] {
            let of = |row: &&RowRecord| row.set == set && row.production == production;
            let rows: Vec<&RowRecord> = entry.rows.iter().filter(of).collect();
            if !rows.is_empty() {
                let counted = count(rows.len(), one, more);
                groups.push((format!("{set}: {counted}"), rows));
            }
        }
    }
    groups
}

/// Both sides' figures, or where each row went if none stand.
pub(super) fn rows(entry: &Entry, rows: &[&RowRecord]) -> Table {
    match figures_stand(entry) {
        true => figures(rows),
        false => routes(rows),
    }
}

fn figures(rows: &[&RowRecord]) -> Table {
    let mut table = Table::new([
        (Left, "row"),
        (Left, "bucket"),
        (Right, "MB"),
        (Right, "baseline us"),
        (Right, "candidate us"),
        (Right, "speedup"),
        (Right, "95 % interval"),
        (Left, "verdict"),
        (Right, "smallest effect, %"),
        (Right, "baseline TB/s"),
        (Right, "candidate TB/s"),
        (Right, "% of copy"),
        (Left, "bound"),
        (Right, "% of bound"),
        (Right, "still to win"),
        (Right, "hot"),
        (Right, "dirty"),
        (Left, "why"),
    ]);
    for row in rows {
        let device = row.device.as_ref();
        let bound = row.bound.as_ref();
        let of_lane = |lane: &Option<LaneRecord>| -> Cell {
            or_none(lane.as_ref().and_then(lane_speedup), speedup).into()
        };
        table.push([
            row.id.as_str().into(),
            row.bucket.as_str().into(),
            format!("{:.2}", row.bytes as f64 * 1e-6).into(),
            or_none(device, |lane| us(lane.baseline_us.median)).into(),
            or_none(device, |lane| us(lane.candidate_us.median)).into(),
            of_lane(&row.device),
            or_none(device.and_then(|lane| lane.ratio), |ratio| {
                interval(ratio.low, ratio.high)
            })
            .into(),
            verdict(row),
            or_none(row.smallest_effect, percent).into(),
            or_none(row.baseline_tb_per_s, tb_per_s).into(),
            or_none(row.candidate_tb_per_s, tb_per_s).into(),
            or_none(row.candidate_share_of_copy, share).into(),
            or_none(bound, |bound| bound.class.to_string()).into(),
            or_none(bound, |bound| share(bound.candidate_share)).into(),
            or_none(bound, |bound| speedup(bound.still_to_win)).into(),
            of_lane(&row.device_hot),
            of_lane(&row.device_dirty),
            remark(row).into(),
        ]);
    }
    table.of_what_is_said()
}

fn routes(rows: &[&RowRecord]) -> Table {
    let mut table = Table::new([
        (Left, "row"),
        (Left, "bucket"),
        (Left, "state"),
        (Left, "shrunk to fit"),
        (Left, "why"),
    ]);
    for row in rows {
        table.push([
            row.id.as_str().into(),
            row.bucket.as_str().into(),
            row.state.to_string().into(),
            row.shrunk.as_deref().unwrap_or(NONE).into(),
            remark(row).into(),
        ]);
    }
    table.of_what_is_said()
}

/// Why a row is not like the others: declined, the same code on both sides, or the reason that it has no figure.
pub(super) fn remark(row: &RowRecord) -> String {
    let mut words = Vec::new();
    if row.declined {
        words.push("declined");
    }
    if row.same_code {
        words.push("same code");
    }
    words.extend(row.reason.as_deref());
    words.join(", ")
}

/// The candidate's dispatch, with what a reviewer does about each bucket.
pub(super) fn buckets(entry: &Entry) -> Table {
    let mut table = Table::new([
        (Left, "bucket"),
        (Right, "production rows"),
        (Right, "all rows"),
        (Right, "speedup"),
        (Left, "decision"),
        (Left, "because"),
        (Left, "path"),
        (Left, "condition"),
        (Left, "why"),
    ]);
    for bucket in &entry.buckets {
        let stands = figures_stand(entry);
        let decision = bucket.decision.filter(|_| stands);
        table.push([
            bucket.name.as_str().into(),
            bucket.production_rows.to_string().into(),
            bucket.rows.len().to_string().into(),
            or_none(bucket.speedup.filter(|_| stands), speedup).into(),
            or_none(decision, |decision| decision.to_string()).into(),
            or_none(bucket.because.as_ref().filter(|_| stands), Clone::clone).into(),
            match bucket.declined {
                true => "declined".into(),
                false => bucket.path.as_str().into(),
            },
            bucket.condition.as_str().into(),
            bucket.why.as_str().into(),
        ]);
    }
    table.of_what_is_said()
}

pub(super) fn gates(entry: &Entry) -> Table {
    let mut table = Table::new([
        (Left, "gate"),
        (Left, "outcome"),
        (Right, "checks"),
        (Right, "failures"),
        (Left, "first failures"),
    ]);
    for gate in &entry.gates {
        let tone = match gate.outcome {
            Outcome::Passed => Tone::Good,
            Outcome::Failed => Tone::Bad,
        };
        table.push([
            gate.name.as_str().into(),
            Cell::toned(tone, gate.outcome.to_string()),
            gate.cases.to_string().into(),
            gate.failures.to_string().into(),
            gate.details.join("; ").into(),
        ]);
    }
    table.of_what_is_said()
}

/// Pairs whose true ratio is known, in every lane.
pub(super) fn controls(entry: &Entry) -> Table {
    let mut table = Table::new([
        (Left, "control"),
        (Left, "row"),
        (Right, "us"),
        (Right, "between processes, %"),
        (Right, "device"),
        (Right, "hot"),
        (Right, "dirty"),
        (Right, "submit"),
        (Right, "wall"),
    ]);
    for control in &entry.control_rows {
        let of = |lane: Option<SpeedupInterval>| -> Cell { or_none(lane, fine_ratio).into() };
        table.push([
            control.kind.to_string().into(),
            control.row.as_str().into(),
            us(control.first_us).into(),
            percent(control.between_processes).into(),
            of(Some(control.device)),
            of(control.device_hot),
            of(control.device_dirty),
            of(control.submit),
            of(control.wall),
        ]);
    }
    table.of_what_is_said()
}

pub(super) fn kernels(entry: &Entry) -> Table {
    let mut table = Table::new([
        (Left, "side"),
        (Left, "kernel"),
        (Right, "rows"),
        (Right, "registers"),
        (Right, "local B"),
        (Right, "static shared B"),
    ]);
    for kernel in &entry.kernels {
        table.push([
            kernel.side.to_string().into(),
            kernel_name(&kernel.name).into(),
            kernel.rows.to_string().into(),
            kernel.registers.to_string().into(),
            kernel.local_bytes.to_string().into(),
            kernel.static_shared_bytes.to_string().into(),
        ]);
    }
    table
}

/// What was compared, where and from which sources.
pub(super) fn provenance(entry: &Entry) -> Table {
    let (from, device, sampling) = (&entry.provenance, &entry.device, &entry.sampling);
    let mut table = Table::new([(Left, "what"), (Left, "value")]);
    let mut say = |what: &'static str, value: String| {
        if !value.is_empty() {
            table.push([what.into(), value.into()]);
        }
    };
    say("entry", entry.id.clone());
    say("started", entry.started.clone());
    say("hash of the entry", entry.hash.clone());
    say("hash of the one before", entry.previous.clone());
    say("contract", from.contract_hash.clone());
    say("baseline source", from.baseline_source.clone());
    say("candidate source", from.candidate_source.clone());
    say("oracle source", from.oracle_source.clone());
    say("baseline object", from.baseline_object.clone());
    say("candidate object", from.candidate_object.clone());
    say(
        "harness",
        format!("{} ({})", from.harness_commit, from.harness_version),
    );
    say("seed", from.seed.to_string());
    say("compiler", from.compiler.clone());
    say("compile", from.compile.join(" "));
    say("link", from.link.join(" "));
    say("sandbox", from.sandbox.clone());
    say(
        "device",
        format!("{}, driver {}, {}", device.name, device.driver, device.uuid),
    );
    if figures_stand(entry) {
        say(
            "copy bandwidth",
            format!("{} TB/s", tb_per_s(device.copy_tb_per_s)),
        );
        if let Some(ceilings) = &device.ceilings {
            say(
                "other ceilings",
                format!(
                    "copy inside the L2 {} TB/s, reads {} TB/s, FMA {:.1} TFLOP/s, tensor {:.1} TFLOP/s, empty graph {} us",
                    tb_per_s(ceilings.hot_copy_tb_per_s),
                    tb_per_s(ceilings.read_tb_per_s),
                    ceilings.fma_tflops,
                    ceilings.tensor_tflops,
                    us(ceilings.empty_graph_us),
                ),
            );
        }
        say("empty kernel", format!("{} us", us(sampling.floor_us)));
        say(
            "samples",
            format!(
                "{} processes of {} blocks, {:.0} us a sample, margin {} %, {} redrawn",
                sampling.processes,
                sampling.blocks_per_process,
                sampling.sample_us,
                percent(sampling.margin),
                count(sampling.redrawn_blocks, "block", "blocks"),
            ),
        );
    }
    for (what, clocks) in [
        ("clocks before", &device.before),
        ("clocks after", &device.after),
    ] {
        if let Some(clocks) = clocks {
            let throttle = match clocks.throttle.is_empty() {
                true => "none".to_owned(),
                false => clocks.throttle.join(", "),
            };
            say(
                what,
                format!(
                    "SM {} MHz, memory {} MHz, {} C, {:.0} W, {} other processes, throttled by: {throttle}",
                    clocks.sm_mhz,
                    clocks.memory_mhz,
                    clocks.temperature_c,
                    clocks.power_w,
                    clocks.other_processes,
                ),
            );
        }
    }
    if let Some(samples) = &entry.samples {
        say(
            "raw samples",
            format!("{}, hash {}", samples.file, short(&samples.blake3)),
        );
    }
    table
}

/// The commands that make the run again; a comment says what stands against it.
pub(super) fn reproduction(entry: &Entry, gpu: &str) -> String {
    let from = &entry.provenance;
    let again = format!("kda bench {} --gpu {gpu} --seed {}", entry.task, from.seed);
    match from.harness_commit.strip_suffix("-dirty") {
        Some(commit) => format!(
            "git checkout {commit}  # the run had local changes: compare the hashes of the sources\n{again}\n"
        ),
        None if from.harness_commit == "unknown" => {
            format!("# the run names no commit: compare the hashes of the sources\n{again}\n")
        }
        None => format!("git checkout {}\n{again}\n", from.harness_commit),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::sample;

    #[test]
    fn rows_are_grouped_by_set_production_first() {
        let mut entry = sample::entry();
        entry.rows[0].production = false;
        let groups = groups(&entry);
        let named: Vec<&str> = groups.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(named, ["b200: 1 production row", "b200: 1 rider"]);
        assert_eq!(groups[1].1[0].id, entry.rows[0].id);
    }

    #[test]
    fn a_row_that_is_a_control_or_was_declined_says_so() {
        let mut row = sample::row("a");
        assert_eq!(remark(&row), "");
        (row.declined, row.same_code) = (true, true);
        row.reason = Some("too small".to_owned());
        assert_eq!(remark(&row), "declined, same code, too small");
    }

    #[test]
    fn no_figure_leaves_a_run_whose_gates_failed() {
        let mut entry = sample::entry();
        entry.gates.push(sample::gate(1));
        let all: Vec<&RowRecord> = entry.rows.iter().collect();
        let text = rows(&entry, &all).markdown() + &buckets(&entry).markdown();
        assert!(!text.contains("1.23") && !text.contains("12.34"), "{text}");
    }

    #[test]
    fn the_reproduction_names_commit_and_seed_or_what_is_missing() {
        let mut entry = sample::entry();
        let again = "kda bench demo_vector_axpy --gpu h100 --seed 18446744073709551615\n";
        assert_eq!(
            reproduction(&entry, "h100"),
            format!("git checkout 18fa365\n{again}")
        );
        entry.provenance.harness_commit = "18fa365-dirty".to_owned();
        assert!(reproduction(&entry, "h100").starts_with("git checkout 18fa365  # the run had"));
        entry.provenance.harness_commit = "unknown".to_owned();
        assert!(reproduction(&entry, "h100").starts_with("# the run names no commit"));
    }
}
