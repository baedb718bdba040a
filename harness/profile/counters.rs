//! What Nsight Compute wrote: lines of its own, then a table with a line a kernel.

use std::collections::BTreeMap;

use super::ProfileError;

/// What marks a line that is no part of the table.
const REMARK: &str = "==";

/// In front of what went wrong.
const COMPLAINT: &str = "==ERROR==";

/// The profiler's word for counters that an ordinary user may not read.
const NO_PERMISSION: &str = "ERR_NVGPUCTRPERM";

/// First column of the table.
const FIRST_COLUMN: &str = "\"ID\"";

/// What was counted in one launch. A metric that the profiler has no value for is not there.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KernelCounters {
    pub name: String,
    pub values: BTreeMap<String, f64>,
}

/// Reads `text`, the output of `--csv --page raw --print-units base`, in launch order.
///
/// # Errors
///
/// Counters that may not be read, a table that is none, and one that ends within a line.
pub fn read_counters(text: &str) -> Result<Vec<KernelCounters>, ProfileError> {
    if remarks(text).any(|line| line.contains(NO_PERMISSION)) {
        return Err(ProfileError::NoPermission);
    }
    // The profiled program may print in between, in front of the table at least.
    let table: Vec<&str> = text
        .lines()
        .skip_while(|line| !line.starts_with(FIRST_COLUMN))
        .filter(|line| !line.starts_with(REMARK))
        .collect();
    let table = table.join("\n");
    // Every cell is quoted: where the last is not, or not to its end, a part is missing.
    let is_closed = table.is_empty() || table.ends_with('"');
    if !is_closed || table.matches('"').count() % 2 == 1 {
        return Err(ProfileError::CutShort);
    }
    let mut reader = csv::Reader::from_reader(table.as_bytes());
    let columns = reader.headers()?.clone();
    let mut kernels = Vec::new();
    // The first line below the names has the units, and no kernel.
    for record in reader.records().skip(1) {
        let record = record.map_err(cut_or_unreadable)?;
        let mut kernel = KernelCounters::default();
        for (column, text) in columns.iter().zip(&record) {
            if column == "Kernel Name" {
                kernel.name = text.to_owned();
            } else if let Some(value) = number(text) {
                kernel.values.insert(column.to_owned(), value);
            }
        }
        kernels.push(kernel);
    }
    Ok(kernels)
}

/// The last line of a table that was cut has too few cells.
fn cut_or_unreadable(error: csv::Error) -> ProfileError {
    match error.kind() {
        csv::ErrorKind::UnequalLengths {
            expected_len, len, ..
        } if len < expected_len => ProfileError::CutShort,
        _ => error.into(),
    }
}

/// What the profiler says went wrong; empty where nothing did.
pub(crate) fn complaints(text: &str) -> String {
    let complaints: Vec<&str> = remarks(text)
        .filter_map(|line| line.strip_prefix(COMPLAINT))
        .map(str::trim)
        .collect();
    complaints.join("; ")
}

/// The profiler's own lines.
pub(super) fn remarks(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| line.starts_with(REMARK))
}

/// `1,677,868.80`; `n/a`, `no data` and the like are no number.
fn number(text: &str) -> Option<f64> {
    let plain = text.replace(',', "");
    plain.parse().ok().filter(|value: &f64| value.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By ncu 2025.3.1 of a graph of two kernels and a memset, on an H100; most columns left out, one value replaced.
    const RECORDED: &str = r#"==WARNING== Note: Running with unmodified GPU clocks. If not controlled otherwise, profiling results may be inconsistent.
==PROF== Connected to process 576 (/tmp/p/p)
said 0
==PROF== Disconnected from process 576
"ID","Process ID","Kernel Name","Block Size","Grid Size","dram__bytes_read.sum","dram__throughput.avg.pct_of_peak_sustained_elapsed","gpu__time_duration.sum","profiler__replayer_passes","smsp__sass_average_data_bytes_per_sector_mem_global_op_ld.pct"
"","","","","","byte","%","ns","pass","%"
"0","576","_Z5scaleILi3EEvP6float4PKS0_","(256, 1, 1)","(16384, 1, 1)","67,114,752","81.40","41,760","8","100"
"1","576","_Z6secondPf","(256, 1, 1)","(65536, 1, 1)","67,113,728","64.62","51,648","8","n/a"
"#;

    #[test]
    fn each_kernel_has_its_numbers_whatever_stands_around_the_table() {
        let kernels = read_counters(RECORDED).expect("the table is whole");
        let names: Vec<_> = kernels.iter().map(|kernel| kernel.name.as_str()).collect();
        assert_eq!(names, ["_Z5scaleILi3EEvP6float4PKS0_", "_Z6secondPf"]);
        assert_eq!(kernels[0].values["dram__bytes_read.sum"], 67_114_752.0);
        assert_eq!(kernels[0].values["gpu__time_duration.sum"], 41_760.0);
        assert_eq!(
            kernels[1].values["dram__throughput.avg.pct_of_peak_sustained_elapsed"],
            64.62
        );
    }

    #[test]
    fn what_the_profiler_has_no_value_for_is_not_there() {
        let kernels = read_counters(RECORDED).expect("the table is whole");
        let name = "smsp__sass_average_data_bytes_per_sector_mem_global_op_ld.pct";
        assert_eq!(kernels[0].values.get(name), Some(&100.0));
        assert_eq!(kernels[1].values.get(name), None);
        assert_eq!(number("nan"), None);
    }

    #[test]
    fn a_remark_in_the_table_is_left_out() {
        let split = RECORDED.replace("\n\"1\"", "\n==PROF== Profiling \"second\"\n\"1\"");
        assert_eq!(
            read_counters(&split).expect("the table is whole"),
            read_counters(RECORDED).expect("the table is whole")
        );
    }

    #[test]
    fn counters_that_may_not_be_read_are_an_error_that_says_what_to_do() {
        let said = "==PROF== Connected to process 7 (/x)\n==ERROR== ERR_NVGPUCTRPERM - The user does not have \
                    permission to access NVIDIA GPU Performance Counters on the target device 0.\n";
        let error = read_counters(said).expect_err("nothing was counted");
        let help = miette::Diagnostic::help(&error).expect("it says what to do");
        assert!(matches!(error, ProfileError::NoPermission));
        assert!(
            help.to_string()
                .contains("NVreg_RestrictProfilingToAdminUsers=0")
        );
    }

    #[test]
    fn a_table_that_ends_within_a_line_has_no_kernel_and_no_shorter_number() {
        let whole = RECORDED.trim_end();
        let last_line = whole.rfind('\n').expect("it has lines");
        let wide = whole.replace("\"n/a\"", "\"77\"");
        let ends = [last_line + 2, last_line + 4, wide.len() - 4, wide.len() - 2];
        for end in ends {
            let read = read_counters(&wide[..end]);
            assert!(
                matches!(read, Err(ProfileError::CutShort)),
                "{read:?} of {}",
                &wide[last_line..end]
            );
        }
        let kernels = read_counters(&wide).expect("the table is whole");
        assert_eq!(kernels.len(), 2);
    }

    #[test]
    fn no_table_has_no_kernel() {
        let said = "==WARNING== No kernels were profiled.\n";
        assert_eq!(read_counters(said).expect("it is no error here"), []);
    }
}
