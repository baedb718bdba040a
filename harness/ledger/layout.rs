//! The TOML text of an entry, laid out for a person: one line a fact, one line a side.
//!
//! The records' field order is kept. Plain values come first, then `[entry.x]` for a record and `[[entry.x]]` for a
//! list of them. Deeper records are inline; one that itself holds records is spread over dotted keys, so that a lane
//! is a line each for its ratio, its processes and its two sides. No string spans lines, which the chain relies on.

use std::fmt::Write;

use toml::{Table, Value};

use super::Entry;
use super::printable::printable;

/// Significant digits of every stored float: 0.01 % steps at a speedup of 1, below what a run resolves.
pub(super) const DIGITS: usize = 5;

/// Columns beyond which a list is broken into a line an item.
const LINE: usize = 110;

/// The entry with every float and every text as the ledger stores it, so that what is printed is what is recorded.
///
/// # Errors
///
/// An integer beyond 2^63 - 1, which TOML cannot hold.
pub fn rounded(entry: &Entry) -> Result<Entry, toml::ser::Error> {
    let table = rounded_table(entry)?;
    Ok(table
        .try_into()
        .expect("an entry should read back from its own TOML"))
}

/// The text of `entry` from its `[[entry]]` line on, without its chain.
pub(super) fn entry_text(entry: &Entry) -> Result<String, toml::ser::Error> {
    let table = rounded_table(entry)?;
    let mut text = String::from("\n[[entry]]\n");
    for (key, value) in &table {
        if !value.is_table() && !is_list_of_tables(value) {
            push_line(&mut text, &bare_or_quoted(key), value);
        }
    }
    for (key, value) in &table {
        match value {
            Value::Table(record) => push_record(
                &mut text,
                &format!("[entry.{}]", bare_or_quoted(key)),
                record,
            ),
            Value::Array(list) if is_list_of_tables(value) => {
                for record in list.iter().filter_map(Value::as_table) {
                    push_record(
                        &mut text,
                        &format!("[[entry.{}]]", bare_or_quoted(key)),
                        record,
                    );
                }
            }
            _ => {}
        }
    }
    Ok(text)
}

fn rounded_table(entry: &Entry) -> Result<Table, toml::ser::Error> {
    let mut table = Table::try_from(entry)?;
    normalise_table(&mut table);
    Ok(table)
}

fn normalise_table(table: &mut Table) {
    let entries = std::mem::take(table).into_iter();
    table.extend(entries.map(|(key, mut value)| {
        normalise(&mut value);
        (printable(&key), value)
    }));
}

fn normalise(value: &mut Value) {
    match value {
        Value::Float(float) => {
            let text = format!("{float:.*e}", DIGITS - 1);
            *float = text.parse().expect("a formatted float should parse");
        }
        Value::Array(list) => list.iter_mut().for_each(normalise),
        Value::Table(table) => normalise_table(table),
        Value::String(text) => *text = printable(text),
        Value::Integer(_) | Value::Boolean(_) | Value::Datetime(_) => {}
    }
}

fn is_list_of_tables(value: &Value) -> bool {
    value
        .as_array()
        .is_some_and(|list| list.first().is_some_and(Value::is_table))
}

fn push_record(text: &mut String, heading: &str, record: &Table) {
    text.push('\n');
    text.push_str(heading);
    text.push('\n');
    for (key, value) in record {
        let key = bare_or_quoted(key);
        match value {
            Value::Table(inner) if inner.values().any(Value::is_table) => {
                for (inner_key, inner_value) in inner {
                    push_line(
                        text,
                        &format!("{key}.{}", bare_or_quoted(inner_key)),
                        inner_value,
                    );
                }
            }
            _ => push_line(text, &key, value),
        }
    }
}

fn push_line(text: &mut String, key: &str, value: &Value) {
    let line = format!("{key} = {}", inline(value));
    match value {
        Value::Array(list) if line.chars().count() > LINE => {
            text.push_str(&format!("{key} = [\n"));
            for item in list {
                text.push_str(&format!("    {},\n", inline(item)));
            }
            text.push_str("]\n");
        }
        _ => {
            text.push_str(&line);
            text.push('\n');
        }
    }
}

fn inline(value: &Value) -> String {
    match value {
        Value::String(string) => quoted(string),
        Value::Float(float) if float.is_nan() => "nan".to_owned(),
        // Rust's shortest form that reads back: always a point or an exponent, as TOML asks.
        Value::Float(float) => format!("{float:?}"),
        Value::Integer(_) | Value::Boolean(_) | Value::Datetime(_) => value.to_string(),
        Value::Array(list) => format!(
            "[{}]",
            list.iter().map(inline).collect::<Vec<_>>().join(", ")
        ),
        Value::Table(table) if table.is_empty() => "{}".to_owned(),
        Value::Table(table) => {
            let pairs = table
                .iter()
                .map(|(key, value)| format!("{} = {}", bare_or_quoted(key), inline(value)));
            format!("{{ {} }}", pairs.collect::<Vec<_>>().join(", "))
        }
    }
}

fn bare_or_quoted(key: &str) -> String {
    let bare = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if !key.is_empty() && key.bytes().all(bare) {
        key.to_owned()
    } else {
        quoted(key)
    }
}

/// A basic string on one line, whatever it holds (TOML 1.0, "String").
fn quoted(string: &str) -> String {
    let mut text = String::from("\"");
    for character in string.chars() {
        match character {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\t' => text.push_str("\\t"),
            '\r' => text.push_str("\\r"),
            control if control.is_ascii_control() => {
                write!(text, "\\u{:04x}", u32::from(control)).expect("a string takes any write");
            }
            other => text.push(other),
        }
    }
    text.push('"');
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::sample;

    #[test]
    fn an_entry_reads_well() {
        let mut entry = sample::entry();
        entry.rows.truncate(1);
        let text = entry_text(&entry).expect("the sample fits TOML");
        insta::assert_snapshot!(text.trim_start(), @r#"
        [[entry]]
        schema = 2
        id = "20260102T030405Z-0123abcd"
        task = "demo_vector_axpy"
        decision = "promote"
        summary = "1.235 times as fast over the b200 rows, none slower"
        gpu = "NVIDIA H100 80GB HBM3"
        started = "2026-01-02T03:04:05Z"
        wall_seconds = 37.25
        warnings = ["1 row of 2 fell back"]

        [entry.headline]
        b200 = { speedup = 1.2346, low = 1.2318, high = 1.2374, rows = 2, fallback_rows = 1, processes = 5 }

        [entry.provenance]
        command = "kda bench demo_vector_axpy"
        seed = "18446744073709551615"
        harness_commit = "18fa365"
        harness_version = "0.1.0"
        contract_hash = "c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0"
        baseline_source = "babababababababababababababababababababababababababababababababa"
        candidate_source = "0123abcd0123abcd0123abcd0123abcd0123abcd0123abcd0123abcd0123abcd"
        oracle_source = "0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a"
        baseline_object = "b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0"
        candidate_object = "cacacacacacacacacacacacacacacacacacacacacacacacacacacacacacacaca"
        compiler = "nvcc 13.0.88"
        compile = ["nvcc", "-O3", "-std=c++20", "-arch=sm_90a", "-cudart", "static", "{source}", "-o", "{output}"]
        link = ["nvcc", "-shared"]
        sandbox = "landlock 7, seccomp"

        [entry.device]
        name = "NVIDIA H100 80GB HBM3"
        uuid = "GPU-00000000-0000-0000-0000-000000000000"
        driver = "580.65.06"
        compute_capability = "9.0"
        multiprocessors = 132
        l2_bytes = 52428800
        memory_bytes = 85520809984
        copy_tb_per_s = 3.125
        ceilings = { hot_copy_tb_per_s = 5.5, read_tb_per_s = 3.0, fma_tflops = 60.5, tensor_tflops = 620.0, empty_graph_us = 2.5 }
        before = { sm_mhz = 1980, memory_mhz = 2619, temperature_c = 41, power_w = 312.5, throttle = [], other_processes = 0 }
        during = { looks = 92, failed_looks = 0, sm_mhz = [1965, 1980], memory_mhz = [2619, 2619], temperature_c = 52, power_w = 412.5, throttle = ["sw-power-cap"], throttled_looks = 3, other_processes = 0 }
        after = { sm_mhz = 1980, memory_mhz = 2619, temperature_c = 41, power_w = 312.5, throttle = ["sw-power-cap"], other_processes = 0 }

        [entry.sampling]
        processes = 5
        blocks_per_process = 16
        sample_us = 1000.0
        margin = 0.01
        confidence = 0.95
        floor_us = 1.125
        redrawn_blocks = 1
        sm_mhz = [1965.0, 1980.0]

        [entry.controls]
        admissible = true
        twins = { speedup = 1.0, low = 0.9995, high = 1.0005 }
        twin_rows = 3
        false_verdicts = 0
        half_width = 0.0008
        planted = 1.02
        planted_found = { speedup = 1.0197, low = 1.0191, high = 1.0203 }
        calibration.id = "20260101T030405000Z-babababa"
        calibration.rows = 40
        calibration.bias = { speedup = 1.0, low = 0.9997, high = 1.0003 }
        calibration.between_processes = 0.0007
        calibration.false_verdicts = 0

        [entry.samples]
        file = "samples/20260102T030405Z-0123abcd.json.gz"
        blake3 = "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a"

        [[entry.gate]]
        name = "poison"
        outcome = "passed"
        cases = 68
        failures = 0

        [[entry.bucket]]
        name = "broadcast"
        condition = "scale and shift broadcast over rows"
        path = "broadcast_vec8"
        why = "one read of scale a block"
        declined = false
        production_rows = 2
        rows = ["qwen_s4096_c3072_bcast11", "qwen_edit_s189_c3072_bcast11"]
        speedup = 1.2346
        decision = "promote"
        because = "1.235 times as fast, 2.98 of 3.12 TB/s"

        [[entry.row]]
        id = "qwen_s4096_c3072_bcast11"
        set = "b200"
        entry = "demo_vector_axpy"
        production = true
        state = "measured"
        bucket = "broadcast"
        declined = false
        verdict = "material"
        smallest_effect = 0.0012
        second_opinion = { speedup = 1.2345, low = 1.231, high = 1.238 }
        bytes = 103514112
        flops = 51757056
        bound = { class = "memory", us = 9.2, baseline_share = 0.7455, candidate_share = 0.9204, still_to_win = 1.0864 }
        calls_per_sample = 24
        buffer_sets = 3
        baseline_graph = { fingerprint = "5f2c5f2c5f2c5f2c", nodes = ["baseline_kernel 132x1x1 256x1x1 0"] }
        candidate_graph = { fingerprint = "5f2c5f2c5f2c5f2c", nodes = ["candidate_kernel 132x1x1 256x1x1 0"] }
        baseline_tb_per_s = 2.413
        candidate_tb_per_s = 2.981
        candidate_share_of_copy = 0.954
        device.ratio = { speedup = 1.2346, low = 1.2311, high = 1.2381 }
        device.per_process = [1.2311, 1.2346, 1.2381]
        device.baseline_us = { median = 12.34, mean = 12.352, stddev = 0.02468, min = 12.217, p10 = 12.278, p90 = 12.402, samples = 80 }
        device.candidate_us = { median = 9.9951, mean = 10.005, stddev = 0.01999, min = 9.8952, p10 = 9.9452, p90 = 10.045, samples = 80 }
        device_hot.ratio = { speedup = 1.1021, low = 1.0973, high = 1.1069 }
        device_hot.per_process = [1.0973, 1.1021, 1.1069]
        device_hot.baseline_us = { median = 12.34, mean = 12.352, stddev = 0.02468, min = 12.217, p10 = 12.278, p90 = 12.402, samples = 80 }
        device_hot.candidate_us = { median = 11.197, mean = 11.208, stddev = 0.022394, min = 11.085, p10 = 11.141, p90 = 11.253, samples = 80 }
        device_dirty.ratio = { speedup = 1.0811, low = 1.0792, high = 1.083 }
        device_dirty.per_process = [1.0792, 1.0811, 1.083]
        device_dirty.baseline_us = { median = 12.34, mean = 12.352, stddev = 0.02468, min = 12.217, p10 = 12.278, p90 = 12.402, samples = 80 }
        device_dirty.candidate_us = { median = 11.414, mean = 11.426, stddev = 0.022829, min = 11.3, p10 = 11.357, p90 = 11.471, samples = 80 }
        beside = { speedup = 1.0, low = 0.9994, high = 1.0006 }

        [[entry.control]]
        kind = "twins"
        row = "qwen_s4096_c3072_bcast11"
        first_us = 12.34
        between_processes = 0.0007
        device = { speedup = 1.0, low = 0.9992, high = 1.0008 }
        device_hot = { speedup = 1.0, low = 0.9991, high = 1.0009 }
        device_dirty = { speedup = 1.0, low = 0.999, high = 1.001 }
        submit = { speedup = 1.0, low = 0.99, high = 1.01 }
        wall = { speedup = 1.0, low = 0.99, high = 1.01 }

        [[entry.control]]
        kind = "planted"
        row = "qwen_s4096_c3072_bcast11"
        first_us = 12.34
        between_processes = 0.0007
        device = { speedup = 1.0, low = 0.9992, high = 1.0008 }
        device_hot = { speedup = 1.0, low = 0.9991, high = 1.0009 }
        device_dirty = { speedup = 1.0, low = 0.999, high = 1.001 }
        submit = { speedup = 1.0, low = 0.99, high = 1.01 }
        wall = { speedup = 1.0, low = 0.99, high = 1.01 }

        [[entry.kernel]]
        side = "candidate"
        name = "candidate_kernel"
        rows = 2
        registers = 40
        local_bytes = 0
        static_shared_bytes = 1024
        instructions = 412
        loads = { 128 = 4, 32 = 1 }
        stores = { 128 = 4 }
        async_copies = 0
        bulk_copies = 0
        local_loads = 0
        local_stores = 0
        mma = 0
        "#);
    }

    #[test]
    fn a_long_list_takes_a_line_an_item() {
        let mut text = String::new();
        push_line(&mut text, "rows", &Value::from(vec!["r".repeat(70); 2]));
        let row = "r".repeat(70);
        assert_eq!(
            text,
            format!("rows = [\n    \"{row}\",\n    \"{row}\",\n]\n")
        );
    }

    #[test]
    fn rounding_twice_changes_nothing() {
        let mut entry = sample::entry();
        entry.wall_seconds = 12.345_678_9;
        let once = rounded(&entry).expect("the sample fits TOML");
        assert_eq!(once.wall_seconds, 12.346);
        assert_eq!(rounded(&once).expect("the sample fits TOML"), once);
    }

    #[test]
    fn what_a_candidate_says_cannot_move_the_cursor() {
        let mut entry = sample::entry();
        entry.buckets[0].name = "\u{1b}[2Jpromote\r".to_owned();
        let headline = entry.headline["b200"].clone();
        entry.headline.insert("\u{9b}2J".to_owned(), headline);
        let stored = rounded(&entry).expect("the sample fits TOML");
        assert_eq!(stored.buckets[0].name, "?[2Jpromote?");
        assert!(stored.headline.contains_key("¿2J"));
    }

    #[test]
    fn a_string_stays_on_its_line_whatever_it_holds() {
        let text = quoted("a\n[entry.chain]\t\"\\\u{7f}\u{0}");
        assert_eq!(text, r#""a\n[entry.chain]\t\"\\\u007f\u0000""#);
    }
}
