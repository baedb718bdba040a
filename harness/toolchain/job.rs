//! One unit of one task on its way to a library: found in the cache, or else compiled.

use super::built::Built;
use super::cache::{UnitCache, Wanted};
use super::compile::Compilation;
use super::compiler::Toolchain;
use super::error::{BuildError, io_error};
use super::flags::{compile_template, link_template};
use super::programs::Programs;
use super::project::{Origin, Project};
use super::target::Unit;

/// Whether an object that a bundle brought will do, whatever compiler made it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Packed {
    Accepted,
    Refused,
}

pub(super) struct Job<'a> {
    pub toolchain: &'a Toolchain,
    pub project: &'a Project,
    pub task: &'a str,
    pub unit: &'a Unit,
    pub packed: Packed,
}

impl Job<'_> {
    pub(super) fn run(&self) -> Result<Built, BuildError> {
        let source = self.project.source(self.task, self.unit);
        let path = self.project.root().join(&source);
        if !path.is_file() {
            let task = self.task.to_owned();
            return Err(BuildError::NoSource { task, path });
        }
        let argv_compile = compile_template(self.unit);
        let argv_link = link_template(self.unit);
        let programs = self.programs();
        let cache = UnitCache::new(
            self.project,
            &self.project.build_name(self.task, self.unit),
            self.unit,
        );
        let wanted = Wanted {
            argv_compile: &argv_compile,
            argv_link: &argv_link,
            // Without a compiler an object of any compiler will do.
            compiler: match (self.project.origin(), &programs) {
                (Origin::Bundle, _) if self.packed == Packed::Accepted => None,
                (_, programs) => programs.as_ref().map(|programs| programs.version.as_str()),
            },
        };
        if let Some(built) = cache.find(self.project.root(), &wanted) {
            return Ok(built);
        }
        let Some(programs) = &programs else {
            return Err(match self.project.origin() {
                Origin::Bundle => self.not_in_bundle(cache.newest(&wanted)),
                Origin::Checkout => self.no_compiler(),
            });
        };
        let build_dir = self.project.build_dir();
        let staging = cache
            .staging()
            .map_err(io_error("create a folder to build in under", build_dir))?;
        let compilation = Compilation {
            job: self,
            source: &source,
            programs,
            wanted: &wanted,
            staging: staging.path(),
        };
        let (library, built) = compilation.run()?;
        cache
            .store(&library, built)
            .map_err(io_error("store the library under", build_dir))
    }

    fn programs(&self) -> Option<Programs> {
        let host = self.toolchain.host.as_ref()?;
        let nvcc = match self.unit.needs_nvcc() {
            true => Some(self.toolchain.nvcc.as_ref()?),
            false => None,
        };
        Some(Programs::of(host, nvcc))
    }

    fn no_compiler(&self) -> BuildError {
        let (task, unit) = (self.task.to_owned(), self.unit.to_string());
        if self.toolchain.host.is_none() {
            BuildError::NoHostCompiler { task, unit }
        } else {
            BuildError::NoNvcc { task, unit }
        }
    }

    fn not_in_bundle(&self, packed: Option<Built>) -> BuildError {
        let (task, unit) = (self.task.to_owned(), self.unit.to_string());
        let Some(built) = packed else {
            return BuildError::NotPacked { task, unit };
        };
        let changed = built
            .dependencies
            .into_iter()
            .filter(|dependency| !dependency.is_unchanged(self.project.root()))
            .map(|dependency| dependency.path)
            .collect();
        BuildError::PackedFromOtherSources {
            task,
            unit,
            changed,
        }
    }
}
