//! Building one unit: look it up, else compile, check its symbols, link, and store it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::built::{Built, FORMAT};
use super::cache::{UnitCache, Wanted};
use super::compiler::Toolchain;
use super::error::BuildError;
use super::flags::{compile_template, link_template};
use super::hash::{Dependency, file_hash};
use super::programs::{Programs, run};
use super::project::{Origin, Project};
use super::symbols::{Symbols, version_script};
use super::target::Unit;
use super::{depfile, device_only};

/// Compilations of one unit before its sources are said to keep changing.
const ATTEMPTS: usize = 3;

/// File times come from the kernel's tick and may lie this far behind the clock.
const FILE_TIME_STEP: Duration = Duration::from_millis(10);

/// One unit of one task on its way to a library.
pub(super) struct Job<'a> {
    pub toolchain: &'a Toolchain,
    pub project: &'a Project,
    pub task: &'a str,
    pub unit: &'a Unit,
}

impl Job<'_> {
    pub(super) fn run(&self) -> Result<Built, BuildError> {
        let source = self.unit.source(self.task);
        let path = self.project.root().join(&source);
        if !path.is_file() {
            let task = self.task.to_owned();
            return Err(BuildError::NoSource { task, path });
        }
        let argv_compile = compile_template(self.unit);
        let argv_link = link_template(self.unit);
        let found = self.programs();
        let version = found.as_ref().ok().map(|c| c.version.clone());
        let wanted = Wanted {
            argv_compile: &argv_compile,
            argv_link: &argv_link,
            compiler: match self.project.origin() {
                Origin::Checkout => version.as_deref(),
                Origin::Bundle => None,
            },
        };
        let cache = UnitCache::new(self.project, self.task, self.unit);
        if let Some(built) = cache.find(self.project.root(), &wanted) {
            return Ok(built);
        }
        let programs = match (found, self.project.origin()) {
            (Ok(programs), _) => programs,
            (Err(missing), Origin::Checkout) => return Err(missing),
            (Err(_), Origin::Bundle) => return Err(self.not_in_bundle(cache.newest(&wanted))),
        };
        self.build(&source, &programs, &wanted, &cache)
    }

    fn build(
        &self,
        source: &Path,
        programs: &Programs,
        wanted: &Wanted<'_>,
        cache: &UnitCache,
    ) -> Result<Built, BuildError> {
        let staging = cache.staging().map_err(io(
            "create a folder to build in under",
            self.project.build_dir(),
        ))?;
        let staging = staging.path();
        let (dependencies, warnings) = self.compile(source, programs, wanted, staging)?;
        let imports = self.checked_imports(&staging.join("object.o"))?;
        self.link(programs, wanted, staging)?;
        let library = staging.join("library.so");
        let mut built = Built {
            format: FORMAT,
            task: self.task.to_owned(),
            unit: self.unit.to_string(),
            compiler: programs.version.clone(),
            argv_compile: wanted.argv_compile.to_vec(),
            argv_link: wanted.argv_link.to_vec(),
            source_hash: String::new(),
            object_hash: file_hash(&library).map_err(io("read", &library))?,
            library: PathBuf::new(),
            imports,
            warnings,
            dependencies,
        };
        built.hash_sources();
        cache
            .store(&library, built)
            .map_err(io("store the library under", self.project.build_dir()))
    }

    /// Compiles until no source changed meanwhile, so that the hashes are those of what the compiler read.
    fn compile(
        &self,
        source: &Path,
        programs: &Programs,
        wanted: &Wanted<'_>,
        staging: &Path,
    ) -> Result<(Vec<Dependency>, String), BuildError> {
        for _ in 0..ATTEMPTS {
            let started = SystemTime::now() - FILE_TIME_STEP;
            let argv = programs.expand(wanted.argv_compile, source, staging);
            let warnings = run(&argv, self.project.root())
                .map_err(io("run", Path::new(&argv[0])))?
                .map_err(|message| self.does_not_compile(programs, message))?;
            let dependencies = self.dependencies(programs, &staging.join("object.d"))?;
            if !changed_since(self.project.root(), &dependencies, started) {
                return Ok((dependencies, warnings));
            }
        }
        Err(BuildError::Moving {
            task: self.task.to_owned(),
            unit: self.unit.to_string(),
        })
    }

    /// The included files that are not the toolkit's; those of the project with relative paths.
    fn dependencies(
        &self,
        programs: &Programs,
        depfile: &Path,
    ) -> Result<Vec<Dependency>, BuildError> {
        let root = self.project.root();
        let text = fs::read_to_string(depfile).map_err(io("read", depfile))?;
        let mut dependencies: Vec<Dependency> = Vec::new();
        for path in depfile::parse(&text) {
            let path = root.join(&path).canonicalize().map_err(io("find", &path))?;
            if programs
                .toolkit
                .as_ref()
                .is_some_and(|toolkit| path.starts_with(toolkit))
            {
                continue;
            }
            let shown = path.strip_prefix(root).unwrap_or(&path);
            let dependency = Dependency::read(root, shown).map_err(io("read", &path))?;
            if !dependencies.contains(&dependency) {
                dependencies.push(dependency);
            }
        }
        Ok(dependencies)
    }

    fn checked_imports(&self, object: &Path) -> Result<Vec<String>, BuildError> {
        let bytes = fs::read(object).map_err(io("read", object))?;
        let symbols = Symbols::read(&bytes).map_err(|source| BuildError::Object {
            task: self.task.to_owned(),
            unit: self.unit.to_string(),
            source,
        })?;
        let (missing, extra) = symbols.differences(self.unit);
        if missing.is_empty() && extra.is_empty() {
            return Ok(symbols.imports);
        }
        Err(BuildError::Exports {
            task: self.task.to_owned(),
            unit: self.unit.to_string(),
            missing,
            extra,
        })
    }

    fn link(
        &self,
        programs: &Programs,
        wanted: &Wanted<'_>,
        staging: &Path,
    ) -> Result<(), BuildError> {
        let exports = staging.join("exports.map");
        fs::write(&exports, version_script(self.unit)).map_err(io("write", &exports))?;
        let argv = programs.expand_link(wanted.argv_link);
        run(&argv, staging)
            .map_err(io("run", Path::new(&argv[0])))?
            .map_err(|message| BuildError::Link {
                task: self.task.to_owned(),
                unit: self.unit.to_string(),
                compiler: programs.version.clone(),
                message,
            })?;
        Ok(())
    }

    fn does_not_compile(&self, programs: &Programs, message: String) -> BuildError {
        let (task, unit) = (self.task.to_owned(), self.unit.to_string());
        match device_only::construct(self.unit, self.project.root(), &message) {
            Some(what) => BuildError::NeedsGpu {
                task,
                unit,
                what,
                message,
            },
            None => BuildError::Compile {
                task,
                unit,
                compiler: programs.version.clone(),
                message,
            },
        }
    }

    fn not_in_bundle(&self, packed: Option<Built>) -> BuildError {
        let (task, unit) = (self.task.to_owned(), self.unit.to_string());
        match packed {
            None => BuildError::NotPacked { task, unit },
            Some(built) => BuildError::PackedFromOtherSources {
                task,
                unit,
                changed: built
                    .dependencies
                    .into_iter()
                    .filter(|d| !d.is_unchanged(self.project.root()))
                    .map(|d| d.path)
                    .collect(),
            },
        }
    }

    fn programs(&self) -> Result<Programs, BuildError> {
        let (task, unit) = (|| self.task.to_owned(), || self.unit.to_string());
        let host = self.toolchain.host.as_ref();
        let host = host.ok_or_else(|| BuildError::NoHostCompiler {
            task: task(),
            unit: unit(),
        })?;
        if !self.unit.needs_nvcc() {
            return Ok(Programs::of(host, None));
        }
        let nvcc = self.toolchain.nvcc.as_ref();
        let nvcc = nvcc.ok_or_else(|| BuildError::NoNvcc {
            task: task(),
            unit: unit(),
        })?;
        Ok(Programs::of(host, Some(nvcc)))
    }
}

fn changed_since(root: &Path, dependencies: &[Dependency], started: SystemTime) -> bool {
    dependencies.iter().any(|dependency| {
        let modified = fs::metadata(root.join(&dependency.path)).and_then(|m| m.modified());
        modified.is_ok_and(|time| time >= started)
    })
}

fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> BuildError {
    let path = path.to_owned();
    move |source| BuildError::Io {
        action,
        path,
        source,
    }
}
