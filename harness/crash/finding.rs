//! What AddressSanitizer, UBSan or compute-sanitizer found, read from what they print.

use std::fmt;

/// One fault, as far as the tool tells where it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Finding {
    pub what: String,
    pub kernel: Option<String>,
    /// `block (x,y,z), thread (x,y,z)`.
    pub thread: Option<String>,
    /// File and line.
    pub place: Option<String>,
}

/// What the emulated device says of the thread in which AddressSanitizer ended the process.
const EMULATED_THREAD: &str = "kda: kernel `";

/// Of an abort that AddressSanitizer reports.
const ABORT: &str = "ERROR: AddressSanitizer: ABRT";

impl Finding {
    /// Every fault in the tools' output, in its order.
    pub fn all_of(text: &str) -> Vec<Self> {
        let mut findings: Vec<Self> = Vec::new();
        for line in text.lines() {
            if line.contains(ABORT) && !findings.is_empty() {
                // How UBSan ends the process: what follows is about its finding.
                continue;
            }
            if let Some(finding) = beginning(line) {
                findings.push(finding);
            } else if let Some(finding) = findings.last_mut() {
                finding.read(line);
            }
        }
        findings
    }

    /// Takes what one line below the first adds.
    fn read(&mut self, line: &str) {
        if let Some(rest) = line.strip_prefix(EMULATED_THREAD) {
            let (kernel, thread) = rest.split_once("`, ").unwrap_or((rest, ""));
            self.kernel.get_or_insert(kernel.to_owned());
            self.thread.get_or_insert(thread.to_owned());
        } else if let Some(rest) = line.strip_prefix("=========     ") {
            self.read_device_line(rest.trim_start());
        } else if let Some((function, place)) = frame(line) {
            self.place.get_or_insert(place.to_owned());
            self.kernel.get_or_insert(function.to_owned());
        }
    }

    /// `at kernel(float *)+0x70 in file.cu:17`, `by thread (0,0,0) in block (0,0,0)`.
    fn read_device_line(&mut self, line: &str) {
        if let Some(rest) = line.strip_prefix("at ") {
            let (kernel, place) = match rest.rsplit_once(" in ") {
                Some((kernel, place)) => (kernel, Some(place)),
                None => (rest, None),
            };
            let kernel = kernel.rsplit_once("+0x").map_or(kernel, |(name, _)| name);
            self.kernel.get_or_insert(kernel.to_owned());
            if self.place.is_none() {
                self.place = place.map(str::to_owned);
            }
        } else if let Some(rest) = line.strip_prefix("by thread ")
            && let Some((thread, block)) = rest.split_once(" in block ")
        {
            self.thread
                .get_or_insert(format!("block {block}, thread {thread}"));
        }
    }
}

/// The first line of a report.
fn beginning(line: &str) -> Option<Finding> {
    if let Some((_, what)) = line.split_once("ERROR: AddressSanitizer: ") {
        let end = what.find(" (pc ").or_else(|| what.find(" at pc "));
        let mut what = what[..end.unwrap_or(what.len())].to_owned();
        if what.starts_with("use-after-poison") {
            what = format!("access outside every buffer of the call ({what})");
        }
        return Some(Finding {
            what,
            ..Finding::default()
        });
    }
    if let Some((place, what)) = line.split_once(": runtime error: ") {
        return Some(Finding {
            what: what.to_owned(),
            place: Some(place.to_owned()),
            ..Finding::default()
        });
    }
    let what = line.strip_prefix("========= ")?;
    let starts = [
        "Invalid ",
        "Error: ",
        "Warning: ",
        "Uninitialized ",
        "Barrier error",
        "Misaligned ",
    ];
    starts
        .iter()
        .any(|start| what.starts_with(start))
        .then(|| Finding {
            what: what.to_owned(),
            ..Finding::default()
        })
}

/// Function and `file:line[:column]` of a stack frame in a source of the project: the emulated device's own frames and
/// the runtime's are passed over.
fn frame(line: &str) -> Option<(&str, &str)> {
    let rest = line.trim_start().strip_prefix('#')?;
    let (_, named) = rest.split_once(" in ")?;
    let (function, place) = named.rsplit_once(' ')?;
    let own = place.contains(":") && !place.contains("/kda/emulated/") && !place.starts_with('(');
    let source = [".cu:", ".cuh:", ".h:"]
        .iter()
        .any(|end| place.contains(end));
    (own && source).then_some((function, place))
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.what)?;
        if let Some(kernel) = &self.kernel {
            write!(f, "\n  in {kernel}")?;
        }
        if let Some(thread) = &self.thread {
            write!(f, "\n  {thread}")?;
        }
        if let Some(place) = &self.place {
            write!(f, "\n  at {place}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_of_address_sanitizer_names_kernel_thread_and_line() {
        let text = "\
==7==ERROR: AddressSanitizer: use-after-poison on address 0x51b000001234 at pc 0x7f bp 0x7f sp 0x7f
WRITE of size 4 at 0x51b000001234 thread T0
    #0 0x7f01 in overrun_kernel tasks/axpy/candidate.cu:21
    #1 0x7f02 in kda::emulated::fiber_main() kernels/include/kda/emulated/run_blocks.h:205
kda: kernel `overrun_kernel(float*)`, block (1,0,0), thread (2,0,0)
";
        assert_eq!(
            Finding::all_of(text),
            [Finding {
                what: "access outside every buffer of the call (use-after-poison on address 0x51b000001234)"
                    .to_owned(),
                kernel: Some("overrun_kernel".to_owned()),
                thread: Some("block (1,0,0), thread (2,0,0)".to_owned()),
                place: Some("tasks/axpy/candidate.cu:21".to_owned()),
            }]
        );
    }

    #[test]
    fn a_runtime_error_names_its_line() {
        let text = "\
tasks/axpy/candidate.cu:9:12: runtime error: shift exponent 40 is too large for 32-bit type 'int'
==7==ERROR: AddressSanitizer: ABRT on unknown address 0x03e8 (pc 0x7f bp 0x7f sp 0x7f T0)
    #0 0x7f00 in raise (/lib/libc.so.6+0x3bf)
    #1 0x7f01 in shift_kernel tasks/axpy/candidate.cu:9
kda: kernel `shift_kernel(int*)`, block (0,0,0), thread (5,0,0)
";
        let found = Finding::all_of(text);
        assert_eq!(found.len(), 1);
        assert!(found[0].what.starts_with("shift exponent 40"));
        assert_eq!(found[0].kernel.as_deref(), Some("shift_kernel"));
        assert_eq!(
            found[0].thread.as_deref(),
            Some("block (0,0,0), thread (5,0,0)")
        );
        assert_eq!(
            found[0].place.as_deref(),
            Some("tasks/axpy/candidate.cu:9:12")
        );
    }

    #[test]
    fn a_report_of_compute_sanitizer_names_kernel_thread_and_line() {
        let text = "\
========= COMPUTE-SANITIZER
========= Invalid __global__ write of size 4 bytes
=========     at wild_kernel(float *)+0x70 in candidate.cu:17
=========     by thread (3,0,0) in block (0,0,0)
=========     Address 0xc is out of bounds
========= Invalid __global__ write of size 4 bytes
=========     at wild_kernel(float *)+0x70 in candidate.cu:17
=========     by thread (4,0,0) in block (0,0,0)
========= ERROR SUMMARY: 2 errors
";
        let found = Finding::all_of(text);
        assert_eq!(found.len(), 2);
        insta::assert_snapshot!(found[0], @r"
        Invalid __global__ write of size 4 bytes
          in wild_kernel(float *)
          block (0,0,0), thread (3,0,0)
          at candidate.cu:17
        ");
    }

    #[test]
    fn a_text_without_a_report_has_no_finding() {
        assert!(Finding::all_of("========= COMPUTE-SANITIZER\nhello\n").is_empty());
    }
}
