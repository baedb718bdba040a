//! Packing the harness, the tasks and their built objects into one archive for a GPU host without Rust or nvcc.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use flate2::{Compression, write::GzEncoder};
use rayon::prelude::*;

use super::build_many::DEVICE;
use super::build_many::Request;
use super::built::Built;
use super::bundle_record::{BUNDLE_FORMAT, BundleRecord};
use super::cache::new_file_in;
use super::compiler::Toolchain;
use super::error::BuildError;
use super::hash::file_hash;
use super::project::{BUNDLE_FILE, Project};
use super::target::{Side, Target, Unit};

/// The one folder that an archive unpacks to.
const FOLDER: &str = "kda";

/// Folders of the project that travel whole.
const SOURCES: [&str; 4] = ["tasks", "kernels", "baselines", "ledger"];

/// Packed besides them where the corpus of cheats goes along.
const CORPUS: &str = "tests/cheats";

/// A candidate of the corpus of cheats, and the task of the corpus whose candidate it stands for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct StandIn {
    pub task: String,
    /// Below the project's root.
    pub candidate: PathBuf,
}

/// What was packed.
#[derive(Debug)]
pub struct BundleSummary {
    pub archive: PathBuf,
    pub archive_bytes: u64,
    pub record: BundleRecord,
    /// Units that are not inside because they could not be built; the others are.
    pub left_out: Vec<BuildError>,
}

#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    #[error("cannot {action} {}", path.display())]
    Io {
        action: &'static str,
        path: PathBuf,
        #[source]
        source: io::Error,
    },
}

/// Builds both sides of every task for each target, and every oracle, and packs them with `executable` and the sources
/// into the gzipped tar `archive`, which is replaced whole or not at all. Of `corpus`, what does not compile is not
/// missed: some of it must not.
pub fn pack(
    project: &Project,
    toolchain: &Toolchain,
    targets: &[Target],
    corpus: &BTreeSet<StandIn>,
    executable: &Path,
    archive: &Path,
) -> Result<BundleSummary, BundleError> {
    let tasks = project.tasks_dir();
    let names = project.task_names().map_err(io_error("list", &tasks))?;
    let results = toolchain.build_all(project, &requests(&names, targets));
    let mut built = Vec::new();
    let mut left_out = Vec::new();
    for result in results {
        match result {
            Ok(unit) => built.push(unit),
            Err(error) => left_out.push(error),
        }
    }
    built.extend(pack_corpus(project, toolchain, targets, corpus));
    let mut folders = SOURCES.to_vec();
    folders.extend((!corpus.is_empty()).then_some(CORPUS));
    let files = files(project, &folders, executable, &built)?;
    let record = record(project, targets, &built, &files)?;
    write(&record, &files, archive).map_err(io_error("write", archive))?;
    let archive_bytes = fs::metadata(archive)
        .map_err(io_error("read", archive))?
        .len();
    Ok(BundleSummary {
        archive: archive.to_owned(),
        archive_bytes,
        record,
        left_out,
    })
}

fn pack_corpus(
    project: &Project,
    toolchain: &Toolchain,
    targets: &[Target],
    corpus: &BTreeSet<StandIn>,
) -> Vec<Built> {
    let build = |stand_in: &StandIn| {
        let project = project.with_corpus_candidate(&stand_in.candidate);
        let requests = requests(std::slice::from_ref(&stand_in.task), targets);
        toolchain.build_all(&project, &requests)
    };
    let stand_ins: Vec<_> = corpus.iter().collect();
    let results = stand_ins.into_par_iter().flat_map(build);
    results.filter_map(Result::ok).collect()
}

fn requests(tasks: &[String], targets: &[Target]) -> Vec<Request> {
    let sides = targets.iter().flat_map(|target| {
        Side::BOTH.map(|side| Unit::Side {
            side,
            target: target.clone(),
        })
    });
    let units: Vec<_> = sides.chain([Unit::Oracle]).collect();
    let requests_of = |task: &String| {
        let task = task.clone();
        units.iter().cloned().map(move |unit| Request {
            task: task.clone(),
            unit,
        })
    };
    let support = targets.iter().map(|target| Request {
        task: DEVICE.to_owned(),
        unit: Unit::Support {
            target: target.clone(),
        },
    });
    tasks.iter().flat_map(requests_of).chain(support).collect()
}

/// Place of every file by its path in the bundle.
fn files(
    project: &Project,
    folders: &[&str],
    executable: &Path,
    built: &[Built],
) -> Result<BTreeMap<String, PathBuf>, BundleError> {
    let licence = project.root().join("LICENSE");
    let mut files = BTreeMap::from([("kda".to_owned(), executable.to_owned())]);
    if licence.is_file() {
        files.insert("LICENSE".to_owned(), licence);
    }
    for folder in folders {
        let place = project.root().join(folder);
        if place.is_dir() {
            add_folder(folder, &place, &mut files).map_err(io_error("list", &place))?;
        }
    }
    for unit in built {
        let folder = format!("build/{}/{}", unit.task, unit.unit);
        for place in [unit.record_path(), unit.library.clone()] {
            let name = place.file_name().unwrap_or_default().to_string_lossy();
            files.insert(format!("{folder}/{name}"), place.clone());
        }
    }
    Ok(files)
}

fn add_folder(name: &str, place: &Path, files: &mut BTreeMap<String, PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(place)? {
        let entry = entry?;
        let name = format!("{name}/{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            add_folder(&name, &entry.path(), files)?;
        } else {
            files.insert(name, entry.path());
        }
    }
    Ok(())
}

fn record(
    project: &Project,
    targets: &[Target],
    built: &[Built],
    files: &BTreeMap<String, PathBuf>,
) -> Result<BundleRecord, BundleError> {
    let compilers: BTreeSet<_> = built.iter().map(|unit| unit.compiler.clone()).collect();
    let mut hashes = BTreeMap::new();
    for (name, place) in files {
        let hash = file_hash(place).map_err(io_error("read", place))?;
        hashes.insert(name.clone(), hash);
    }
    Ok(BundleRecord {
        format: BUNDLE_FORMAT,
        created: jiff::Timestamp::now()
            .strftime("%Y-%m-%dT%H:%M:%SZ")
            .to_string(),
        harness_commit: project.harness_commit(),
        harness_version: env!("CARGO_PKG_VERSION").to_owned(),
        targets: targets.iter().map(Target::to_string).collect(),
        compilers: compilers.into_iter().collect(),
        files: hashes,
    })
}

fn write(
    record: &BundleRecord,
    files: &BTreeMap<String, PathBuf>,
    archive: &Path,
) -> io::Result<()> {
    let folder = archive
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let staged = new_file_in(folder)?;
    let mut tar = tar::Builder::new(GzEncoder::new(staged, Compression::default()));
    let text = toml::to_string(record).map_err(io::Error::other)?;
    append(&mut tar, BUNDLE_FILE, text.as_bytes(), text.len() as u64)?;
    for (name, place) in files {
        let file = File::open(place)?;
        let bytes = file.metadata()?.len();
        append(&mut tar, name, file, bytes)?;
    }
    let staged = tar.into_inner()?.finish()?;
    staged.as_file().sync_all()?;
    staged.persist(archive)?;
    Ok(())
}

fn append<W: io::Write>(
    tar: &mut tar::Builder<W>,
    name: &str,
    content: impl io::Read,
    bytes: u64,
) -> io::Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_size(bytes);
    header.set_mode(if name == "kda" { 0o755 } else { 0o644 });
    tar.append_data(&mut header, format!("{FOLDER}/{name}"), content)
}

fn io_error(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> BundleError {
    let path = path.to_owned();
    move |source| BundleError::Io {
        action,
        path,
        source,
    }
}
