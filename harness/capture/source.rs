//! From a file to calls.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

use super::call::Call;
use super::{CaptureError, lines, trace};

/// Layout of a capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// By what the file holds.
    Auto,
    Lines,
    Trace,
}

/// How a gzip member begins (RFC 1952, section 2.3.1).
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// The calls of a capture, plain or compressed.
///
/// # Errors
///
/// A file that cannot be read, is malformed, or holds no call.
pub fn read(path: &Path, format: Format) -> Result<Vec<Call>, CaptureError> {
    let bytes = bytes(path).map_err(|source| CaptureError::Read {
        path: path.to_owned(),
        source,
    })?;
    let path = path.to_owned();
    if bytes.trim_ascii().is_empty() {
        return Err(CaptureError::Empty { path });
    }
    if format == Format::Lines || format == Format::Auto && !looks_like_a_trace(&bytes) {
        let text = String::from_utf8_lossy(&bytes);
        return lines::parse(&text).map_err(|faults| CaptureError::Lines { path, faults });
    }
    match trace::parse(&bytes) {
        Ok(calls) if calls.is_empty() => Err(CaptureError::NoShapes { path }),
        Ok(calls) => Ok(calls),
        Err(source) => Err(CaptureError::Trace { path, source }),
    }
}

fn bytes(path: &Path) -> io::Result<Vec<u8>> {
    let mut file = BufReader::new(File::open(path)?);
    let mut bytes = Vec::new();
    match file.fill_buf()?.starts_with(&GZIP) {
        true => MultiGzDecoder::new(file).read_to_end(&mut bytes)?,
        false => file.read_to_end(&mut bytes)?,
    };
    Ok(bytes)
}

/// A line of a capture is an object with a name; a trace is a list of events, or an object that has one.
fn looks_like_a_trace(bytes: &[u8]) -> bool {
    const EVENTS: &[u8] = b"\"traceEvents\"";
    bytes.trim_ascii_start().starts_with(b"[")
        || bytes.windows(EVENTS.len()).any(|window| window == EVENTS)
}
