//! From the files that a compilation leaves to the object's facts.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::facts::ObjectFacts;
use super::{assembly, cubin, host, ptx};

/// Reads the facts of the object `bytes`, and of the device's code among the files that nvcc kept in `kept`: there are
/// none where the host's compiler alone was at work, and what it was given stands in `sources` then.
pub(crate) fn inspect(bytes: &[u8], kept: &Path, sources: &[PathBuf]) -> io::Result<ObjectFacts> {
    let mut facts = ObjectFacts::default();
    let cubins = files(kept, ".cubin")?;
    for (index, path) in cubins.iter().enumerate() {
        let cubin = cubin::read(&fs::read(path)?).map_err(|error| unreadable(path, error))?;
        facts.add_globals(cubin.globals);
        if index == 0 {
            facts.kernels = cubin.kernels;
        }
    }
    for path in files(kept, ".ptx")? {
        ptx::count(&fs::read_to_string(&path)?, &mut facts);
    }
    let translated = files(kept, ".cudafe1.cpp")?;
    let texts = if translated.is_empty() {
        sources
    } else {
        &translated
    };
    for path in texts {
        let text = String::from_utf8_lossy(&fs::read(path)?).into_owned();
        assembly::find(&text, &mut facts.host_instructions);
    }
    host::read(bytes, &mut facts).map_err(|error| unreadable(Path::new("object.o"), error))?;
    Ok(facts)
}

/// Those whose name ends so. The lowest architecture comes first: its number is what the names differ in.
fn files(folder: &Path, end: &str) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.ends_with(end) {
            found.push(path);
        }
    }
    found.sort_by_key(|path| (architecture(path), path.clone()));
    Ok(found)
}

/// 90 of `candidate.compute_90a.ptx`; one architecture alone goes without.
fn architecture(path: &Path) -> Option<u32> {
    let name = path.file_name()?.to_str()?;
    let (_, after) = name.rsplit_once(".compute_")?;
    let digits = after.chars().take_while(char::is_ascii_digit);
    digits.collect::<String>().parse().ok()
}

fn unreadable(path: &Path, error: object::Error) -> io::Error {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    io::Error::new(io::ErrorKind::InvalidData, format!("{name}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_architecture_comes_first() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for arch in ["100a", "90a"] {
            let name = format!("candidate.compute_{arch}.cubin");
            fs::write(folder.path().join(name), "").expect("a file");
        }
        let found = files(folder.path(), ".cubin").expect("a readable folder");
        assert!(
            found[0].ends_with("candidate.compute_90a.cubin"),
            "{found:?}"
        );
        assert_eq!(architecture(Path::new("candidate.cubin")), None);
    }
}
