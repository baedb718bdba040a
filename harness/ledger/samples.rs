//! The raw device samples of one run: every block in the order it was taken, gzipped JSON beside the ledger.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Component, Path, PathBuf};

use flate2::read::GzDecoder;
use flate2::{Compression, GzBuilder};
use miette::Diagnostic;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::SamplesRecord;
use crate::stats::{Block, Order};

/// More text than any run has; a file that unpacks to more was not written by a run.
const LONGEST_BYTES: u64 = 1 << 30;

/// All device samples of one entry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RawSamples {
    pub task: String,
    /// Id of the entry.
    pub entry: String,
    pub rows: Vec<RawRow>,
}

/// One row in each lane that was timed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RawRow {
    pub id: String,
    /// By the lane's name in the entry: `device`, `device_hot`, `device_dirty`; a process each, in order.
    pub lanes: BTreeMap<String, Vec<RawProcess>>,
}

/// The blocks of one process.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RawProcess {
    /// Calls in a sample.
    pub calls: u32,
    /// A letter a block: `A` for ABBA, `B` for BAAB, where A is the baseline.
    pub orders: String,
    /// Four samples a block in the order they were taken, nanoseconds a call, 6 significant digits.
    pub ns: Vec<[f64; 4]>,
}

/// Why there are no samples to look at, or none were kept.
#[derive(Debug, Error, Diagnostic)]
pub enum SamplesError {
    #[error("cannot {action} the samples file `{}`", path.display())]
    #[diagnostic(help("check that the folder exists, is yours to write, and has room"))]
    Io {
        action: &'static str,
        path: PathBuf,
        source: io::Error,
    },
    #[error("the samples file `{}` is missing", path.display())]
    #[diagnostic(help(
        "it is named by the entry and belongs beside the ledger: copy `samples/` from where the run was made"
    ))]
    Missing { path: PathBuf },
    #[error("the samples file `{}` is not below the folder of its ledger, or is no regular file", path.display())]
    #[diagnostic(help(
        "a run writes samples/<id>.json.gz beside the ledger: the entry was not written by one, or the file was replaced"
    ))]
    Foreign { path: PathBuf },
    #[error("the samples file `{}` has hash {found}, and the entry names {expected}", path.display())]
    #[diagnostic(help(
        "it is not the file that the run wrote: restore it with `git checkout -- {}`",
        path.display()
    ))]
    OtherHash {
        path: PathBuf,
        expected: String,
        found: String,
    },
    #[error("the samples file `{}` is malformed: {what}", path.display())]
    #[diagnostic(help(
        "a run writes gzipped JSON as docs/ledger.md says: restore the file, or make the run again"
    ))]
    Malformed { path: PathBuf, what: String },
}

impl RawSamples {
    /// The first of `id`, `id-2`, `id-3`, … of which no samples lie in `folder`: two runs of one candidate may begin in one
    /// millisecond. An empty file holds the place until [`RawSamples::write`].
    ///
    /// # Errors
    ///
    /// [`SamplesError::Io`] where the folder or the file cannot be written.
    pub fn claim(folder: &Path, id: &str) -> Result<String, SamplesError> {
        let failed = |action, path: &Path, source| SamplesError::Io {
            action,
            path: path.to_owned(),
            source,
        };
        fs::create_dir_all(folder).map_err(|source| failed("write", folder, source))?;
        let mut name = id.to_owned();
        for number in 2.. {
            let path = folder.join(file_name(&name));
            match File::create_new(&path) {
                Ok(_) => break,
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    name = format!("{id}-{number}");
                }
                Err(source) => return Err(failed("write", &path, source)),
            }
        }
        Ok(name)
    }

    /// Of the file beside the ledger.
    pub fn file_name(&self) -> String {
        file_name(&self.entry)
    }

    /// Writes the file, whose bytes depend on the samples alone, and returns its blake3. Written beside its place,
    /// synced and renamed, so that a killed writer leaves no half file.
    ///
    /// # Errors
    ///
    /// [`SamplesError::Io`] where the folder or the file cannot be written.
    pub fn write(&self, path: &Path) -> Result<String, SamplesError> {
        let failed = |action, source| SamplesError::Io {
            action,
            path: path.to_owned(),
            source,
        };
        let bytes = self.packed().map_err(|source| failed("pack", source))?;
        replace(path, &bytes).map_err(|source| failed("write", source))?;
        Ok(blake3::hash(&bytes).to_string())
    }

    /// Reads the file that an entry of the ledger names. Whoever wrote the entry chose the name, so nothing but a regular
    /// file below the ledger's folder is opened.
    ///
    /// # Errors
    ///
    /// As [`RawSamples::read`], or a name that leads elsewhere.
    pub fn of(ledger: &Path, named: &SamplesRecord) -> Result<Self, SamplesError> {
        let file = Path::new(&named.file);
        let is_below = |part| matches!(part, Component::Normal(_));
        let path = ledger.with_file_name(file);
        let is_other = fs::metadata(&path).is_ok_and(|facts| !facts.is_file());
        if !file.components().all(is_below) || is_other {
            return Err(SamplesError::Foreign { path });
        }
        Self::read(&path, &named.blake3)
    }

    /// Reads the file that an entry names with its hash.
    ///
    /// # Errors
    ///
    /// A file that is missing, cannot be read, has another hash, or is not what [`RawSamples::write`] writes.
    pub fn read(path: &Path, expected: &str) -> Result<Self, SamplesError> {
        let bytes = fs::read(path).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => SamplesError::Missing {
                path: path.to_owned(),
            },
            _ => SamplesError::Io {
                action: "read",
                path: path.to_owned(),
                source,
            },
        })?;
        let found = blake3::hash(&bytes).to_string();
        if found != expected {
            return Err(SamplesError::OtherHash {
                path: path.to_owned(),
                expected: expected.to_owned(),
                found,
            });
        }
        Self::unpacked(&bytes).map_err(|what| SamplesError::Malformed {
            path: path.to_owned(),
            what,
        })
    }

    /// The row of that id.
    pub fn row(&self, id: &str) -> Option<&RawRow> {
        self.rows.iter().find(|row| row.id == id)
    }

    fn packed(&self) -> io::Result<Vec<u8>> {
        let mut gzip = GzBuilder::new()
            .mtime(0)
            .write(Vec::new(), Compression::best());
        serde_json::to_writer(&mut gzip, self)?;
        gzip.finish()
    }

    fn unpacked(bytes: &[u8]) -> Result<Self, String> {
        let mut text = Vec::new();
        let read = GzDecoder::new(bytes)
            .take(LONGEST_BYTES)
            .read_to_end(&mut text);
        read.map_err(|error| format!("it does not unpack ({error})"))?;
        let samples: Self = serde_json::from_slice(&text).map_err(|error| error.to_string())?;
        for row in &samples.rows {
            for (lane, processes) in &row.lanes {
                for (number, process) in processes.iter().enumerate() {
                    process.sound().map_err(|what| {
                        format!(
                            "row `{}`, lane `{lane}`, process {}: {what}",
                            row.id,
                            number + 1
                        )
                    })?;
                }
            }
        }
        Ok(samples)
    }
}

fn file_name(entry: &str) -> String {
    format!("{entry}.json.gz")
}

impl RawProcess {
    /// Times are rounded to 6 significant digits.
    pub fn of(calls: u32, blocks: &[Block]) -> Self {
        let letter = |block: &Block| match block.order {
            Order::Abba => 'A',
            Order::Baab => 'B',
        };
        Self {
            calls,
            orders: blocks.iter().map(letter).collect(),
            ns: blocks.iter().map(|block| block.ns.map(rounded)).collect(),
        }
    }

    /// The blocks in the order they were taken. Of a process that [`RawSamples::read`] returned, all are sound.
    pub fn blocks(&self) -> Vec<Block> {
        let order = |letter| match letter {
            'B' => Order::Baab,
            _ => Order::Abba,
        };
        let orders = self.orders.chars().map(order);
        orders
            .zip(&self.ns)
            .map(|(order, &ns)| Block { order, ns })
            .collect()
    }

    fn sound(&self) -> Result<(), String> {
        if let Some(other) = self.orders.chars().find(|letter| !"AB".contains(*letter)) {
            return Err(format!("order `{other}` is neither A (ABBA) nor B (BAAB)"));
        }
        if self.orders.len() != self.ns.len() {
            return Err(format!(
                "{} orders for {} blocks",
                self.orders.len(),
                self.ns.len()
            ));
        }
        let mut times = self.ns.iter().flatten();
        match times.find(|ns| !(ns.is_finite() && **ns > 0.0)) {
            Some(ns) => Err(format!("{ns} ns is no time of a call")),
            None => Ok(()),
        }
    }
}

/// 6 significant digits, which is finer than the event clock on samples of a millisecond.
fn rounded(ns: f64) -> f64 {
    format!("{ns:.5e}")
        .parse()
        .expect("a float should read back from its own text")
}

fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    fs::create_dir_all(folder)?;
    let mut file = tempfile::Builder::new()
        .prefix(".samples.")
        .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))
        .tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn block(order: Order) -> Block {
        Block {
            order,
            ns: [2_000.123_456, 1_000.5, 1_001.0, 2_002.0],
        }
    }

    fn samples() -> RawSamples {
        let process = RawProcess::of(24, &[block(Order::Abba), block(Order::Baab)]);
        RawSamples {
            task: "demo".to_owned(),
            entry: "20260102T030405Z-0123abcd".to_owned(),
            rows: vec![RawRow {
                id: "row_small".to_owned(),
                lanes: BTreeMap::from([("device".to_owned(), vec![process.clone(), process])]),
            }],
        }
    }

    fn zipped(text: &[u8]) -> Vec<u8> {
        let mut gzip = GzBuilder::new().write(Vec::new(), Compression::fast());
        gzip.write_all(text).unwrap();
        gzip.finish().unwrap()
    }

    /// The message for a file of these bytes, whose hash is as expected.
    fn refused(bytes: &[u8]) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.json.gz");
        fs::write(&path, bytes).unwrap();
        RawSamples::read(&path, &blake3::hash(bytes).to_string())
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn an_id_that_has_samples_is_not_taken_again() {
        let folder = tempfile::tempdir().unwrap();
        let samples = folder.path().join("samples");
        let claimed: Vec<String> = (0..3)
            .map(|_| RawSamples::claim(&samples, "20260102T030405006Z-0123abcd").unwrap())
            .collect();
        assert_eq!(
            claimed,
            [
                "20260102T030405006Z-0123abcd",
                "20260102T030405006Z-0123abcd-2",
                "20260102T030405006Z-0123abcd-3"
            ]
        );
        fs::write(folder.path().join("file"), "").unwrap();
        let error = RawSamples::claim(&folder.path().join("file"), "id").unwrap_err();
        assert!(matches!(
            error,
            SamplesError::Io {
                action: "write",
                ..
            }
        ));
    }

    #[test]
    fn what_is_written_reads_back_and_twice_gives_the_same_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let (first, second) = (
            folder.path().join("samples/a.json.gz"),
            folder.path().join("samples/b.json.gz"),
        );
        let hash = samples().write(&first).unwrap();
        assert_eq!(samples().write(&second).unwrap(), hash);
        assert_eq!(fs::read(&first).unwrap(), fs::read(&second).unwrap());
        assert_eq!(RawSamples::read(&first, &hash).unwrap(), samples());
        let left = fs::read_dir(folder.path().join("samples")).unwrap().count();
        assert_eq!(left, 2, "no temporary file stays");
    }

    #[test]
    fn blocks_keep_their_order_and_six_digits_of_each_time() {
        let blocks = [block(Order::Abba), block(Order::Baab)];
        let raw = RawProcess::of(24, &blocks);
        assert_eq!((raw.calls, raw.orders.as_str()), (24, "AB"));
        assert_eq!(raw.ns[0][0], 2_000.12);
        let back = raw.blocks();
        assert_eq!(
            back.iter().map(|block| block.order).collect::<Vec<_>>(),
            [Order::Abba, Order::Baab]
        );
        assert_eq!(RawProcess::of(24, &back), raw);
    }

    #[test]
    fn a_file_that_is_not_there_or_cannot_be_written_is_named() {
        let missing = RawSamples::read(Path::new("/no/such.json.gz"), "").unwrap_err();
        assert!(matches!(missing, SamplesError::Missing { .. }), "{missing}");
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        let error = samples().write(&file.join("x.json.gz")).unwrap_err();
        assert!(error.to_string().contains("cannot write"), "{error}");
    }

    #[test]
    fn what_an_entry_names_elsewhere_is_not_opened() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = folder.path().join("h100/t.toml");
        let blake3 = samples()
            .write(&folder.path().join("h100/x.json.gz"))
            .unwrap();
        std::os::unix::fs::symlink("/dev/zero", ledger.with_file_name("zero")).unwrap();
        let named = |file: &str| {
            let (file, blake3) = (file.to_owned(), blake3.clone());
            RawSamples::of(&ledger, &SamplesRecord { file, blake3 })
        };
        assert_eq!(named("x.json.gz").unwrap(), samples());
        assert!(matches!(
            named("y.json.gz"),
            Err(SamplesError::Missing { .. })
        ));
        for file in ["/dev/zero", "../h100/x.json.gz", "zero", "."] {
            let error = named(file).unwrap_err();
            assert!(
                matches!(error, SamplesError::Foreign { .. }),
                "{file}: {error}"
            );
        }
    }

    #[test]
    fn a_changed_file_is_refused_with_both_hashes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.json.gz");
        let hash = samples().write(&path).unwrap();
        let mut bytes = fs::read(&path).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(&path, &bytes).unwrap();
        let error = RawSamples::read(&path, &hash).unwrap_err().to_string();
        let found = blake3::hash(&bytes).to_string();
        assert!(error.contains(&hash) && error.contains(&found), "{error}");
    }

    #[test]
    fn what_no_run_writes_is_refused_with_its_place() {
        assert!(refused(b"not gzip").contains("does not unpack"));
        let broken = |break_it: fn(&mut RawProcess)| {
            let mut samples = samples();
            break_it(&mut samples.rows[0].lanes.get_mut("device").unwrap()[1]);
            refused(&samples.packed().unwrap())
        };
        let place = "row `row_small`, lane `device`, process 2: ";
        for (break_it, what) in [
            (
                (|process| process.orders.push('A')) as fn(&mut RawProcess),
                "3 orders for 2 blocks",
            ),
            (
                |process| process.orders.replace_range(..1, "C"),
                "order `C` is neither",
            ),
            (
                |process| process.ns[0][2] = -1.0,
                "-1 ns is no time of a call",
            ),
        ] {
            let message = broken(break_it);
            assert!(message.contains(&format!("{place}{what}")), "{message}");
        }
        assert!(refused(&zipped(b"{}")).contains("missing field `task`"));
    }

    proptest! {
        #[test]
        fn of_a_damaged_file_only_sound_processes_are_read(at in any::<prop::sample::Index>(), byte: u8) {
            let mut text = serde_json::to_vec(&samples()).unwrap();
            let at = at.index(text.len());
            text[at] = byte;
            if let Ok(read) = RawSamples::unpacked(&zipped(&text)) {
                for process in read.rows.iter().flat_map(|row| row.lanes.values().flatten()) {
                    prop_assert_eq!(process.blocks().len(), process.ns.len());
                    prop_assert!(process.blocks().iter().all(|block| block.log_ratio().is_finite()));
                }
            }
        }
    }
}
