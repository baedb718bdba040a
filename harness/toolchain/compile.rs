//! Compiling one unit, checking its symbols, and linking it.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::built::{Built, FORMAT};
use super::cache::Wanted;
use super::error::{BuildError, io_error};
use super::hash::{Dependency, file_hash};
use super::inspect::{ObjectFacts, inspect};
use super::job::Job;
use super::programs::{KEPT, Programs, run};
use super::symbols::{Symbols, version_script};
use super::target::Unit;
use super::{depfile, device_only};

/// Compilations of one unit before its sources are said to keep changing.
const ATTEMPTS: usize = 3;

/// File times come from the kernel's tick and may lie this far behind the clock.
const FILE_TIME_STEP: Duration = Duration::from_millis(10);

pub(super) struct Compilation<'a> {
    pub job: &'a Job<'a>,
    /// Relative to the project's root.
    pub source: &'a Path,
    pub programs: &'a Programs,
    pub wanted: &'a Wanted<'a>,
    /// An empty folder.
    pub staging: &'a Path,
}

impl Compilation<'_> {
    /// The library, in the staging folder, and its record.
    pub(super) fn run(&self) -> Result<(PathBuf, Built), BuildError> {
        let kept = self.staging.join(KEPT);
        fs::create_dir(&kept).map_err(io_error("create", &kept))?;
        let (dependencies, warnings) = self.compile()?;
        let object = self.staging.join("object.o");
        let bytes = fs::read(&object).map_err(io_error("read", &object))?;
        let (imports, foreign_exports) = self.checked_symbols(&bytes)?;
        let facts = ObjectFacts {
            foreign_exports,
            ..self.facts(&bytes, &dependencies)?
        };
        let library = self.link()?;
        let mut built = Built {
            format: FORMAT,
            task: self.job.project.build_name(self.job.task, self.job.unit),
            unit: self.job.unit.to_string(),
            compiler: self.programs.version.clone(),
            argv_compile: self.wanted.argv_compile.to_vec(),
            argv_link: self.wanted.argv_link.to_vec(),
            source_hash: String::new(),
            object_hash: file_hash(&library).map_err(io_error("read", &library))?,
            library: PathBuf::new(),
            imports,
            warnings,
            dependencies,
            facts,
        };
        built.hash_sources();
        Ok((library, built))
    }

    /// Compiles until no source changed meanwhile, so that the hashes are those of what the compiler read.
    fn compile(&self) -> Result<(Vec<Dependency>, String), BuildError> {
        let argv = self
            .programs
            .expand(self.wanted.argv_compile, self.source, self.staging);
        for _ in 0..ATTEMPTS {
            let started = SystemTime::now() - FILE_TIME_STEP;
            let warnings = run(&argv, self.root())
                .map_err(io_error("run", Path::new(&argv[0])))?
                .map_err(|message| self.does_not_compile(message))?;
            let dependencies = self.dependencies()?;
            if !changed_since(self.root(), &dependencies, started) {
                return Ok((dependencies, warnings));
            }
        }
        let (task, unit) = self.names();
        Err(BuildError::Moving { task, unit })
    }

    /// The included files that are not the compilers' own; those of the project with relative paths.
    fn dependencies(&self) -> Result<Vec<Dependency>, BuildError> {
        let depfile = self.staging.join("object.d");
        let text = fs::read_to_string(&depfile).map_err(io_error("read", &depfile))?;
        let compilers = self.programs.own_folders();
        // A project may lie below such a folder, as a toolkit may lie in a project.
        let is_compilers = |path: &Path| {
            let mut folders = compilers.iter();
            folders.any(|folder| path.starts_with(folder) && !self.root().starts_with(folder))
        };
        let mut dependencies: Vec<Dependency> = Vec::new();
        for path in depfile::parse(&text) {
            let path = self
                .root()
                .join(&path)
                .canonicalize()
                .map_err(io_error("find", &path))?;
            if is_compilers(&path) {
                continue;
            }
            let shown = path.strip_prefix(self.root()).unwrap_or(&path);
            let dependency =
                Dependency::read(self.root(), shown).map_err(io_error("read", &path))?;
            if !dependencies.contains(&dependency) {
                dependencies.push(dependency);
            }
        }
        Ok(dependencies)
    }

    fn facts(&self, object: &[u8], dependencies: &[Dependency]) -> Result<ObjectFacts, BuildError> {
        let sources: Vec<PathBuf> = dependencies
            .iter()
            .map(|dependency| self.root().join(&dependency.path))
            .collect();
        let kept = self.staging.join(KEPT);
        inspect(object, &kept, &sources).map_err(io_error("read what was compiled into", &kept))
    }

    /// What the object imports, and what it exports besides the ABI. The latter is a finding about a side, which a gate
    /// reports; of any other unit it is an error.
    fn checked_symbols(&self, object: &[u8]) -> Result<(Vec<String>, Vec<String>), BuildError> {
        let (task, unit) = self.names();
        let symbols = match Symbols::read(object) {
            Ok(symbols) => symbols,
            Err(source) => return Err(BuildError::Object { task, unit, source }),
        };
        let (missing, extra) = symbols.differences(self.job.unit);
        let is_side = matches!(self.job.unit, Unit::Side { .. });
        if missing.is_empty() && (extra.is_empty() || is_side) {
            return Ok((symbols.imports, extra));
        }
        Err(BuildError::Exports {
            task,
            unit,
            missing,
            extra,
        })
    }

    fn link(&self) -> Result<PathBuf, BuildError> {
        let exports = self.staging.join("exports.map");
        fs::write(&exports, version_script(self.job.unit)).map_err(io_error("write", &exports))?;
        let argv = self.programs.expand_link(self.wanted.argv_link);
        run(&argv, self.staging)
            .map_err(io_error("run", Path::new(&argv[0])))?
            .map_err(|message| self.does_not_link(message))?;
        Ok(self.staging.join("library.so"))
    }

    fn does_not_compile(&self, message: String) -> BuildError {
        let (task, unit) = self.names();
        match device_only::construct(self.job.unit, self.root(), &message) {
            Some(what) => BuildError::NeedsGpu {
                task,
                unit,
                what,
                message,
            },
            None => BuildError::Compile {
                task,
                unit,
                compiler: self.programs.version.clone(),
                message,
            },
        }
    }

    fn does_not_link(&self, message: String) -> BuildError {
        let (task, unit) = self.names();
        BuildError::Link {
            task,
            unit,
            compiler: self.programs.version.clone(),
            message,
        }
    }

    fn root(&self) -> &Path {
        self.job.project.root()
    }

    /// Task and unit, as errors name them.
    fn names(&self) -> (String, String) {
        (self.job.task.to_owned(), self.job.unit.to_string())
    }
}

fn changed_since(root: &Path, dependencies: &[Dependency], started: SystemTime) -> bool {
    dependencies.iter().any(|dependency| {
        let changed = fs::metadata(root.join(&dependency.path)).map(|m| changed(&m));
        changed.is_ok_and(|time| time >= started)
    })
}

/// When content, name or attributes changed last. Unlike the time of modification, nothing sets it back.
fn changed(metadata: &fs::Metadata) -> SystemTime {
    let since = Duration::new(
        u64::try_from(metadata.ctime()).unwrap_or(0),
        u32::try_from(metadata.ctime_nsec()).unwrap_or(0),
    );
    SystemTime::UNIX_EPOCH + since
}
