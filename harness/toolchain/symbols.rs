//! What an object file offers and asks for, read before it is linked: afterwards the runtime's own symbols hide both.

use object::{Object, ObjectSymbol, SymbolScope};

use super::target::Unit;
use crate::abi::{ORACLE_SYMBOLS, SIDE_SYMBOLS, SUPPORT_SYMBOLS};

/// Names as the linker sees them, sorted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Symbols {
    /// Defined, global, visible outside the library, and not weak: weak ones are the standard library's templates.
    pub exports: Vec<String>,
    /// Undefined.
    pub imports: Vec<String>,
}

impl Symbols {
    /// Reads the symbol table of a relocatable object.
    pub fn read(bytes: &[u8]) -> Result<Symbols, object::Error> {
        let file = object::File::parse(bytes)?;
        let mut symbols = Symbols {
            exports: Vec::new(),
            imports: Vec::new(),
        };
        for symbol in file.symbols() {
            let name = symbol.name()?.to_owned();
            if symbol.is_undefined() && !name.is_empty() {
                symbols.imports.push(name);
            } else if symbol.scope() == SymbolScope::Dynamic && !symbol.is_weak() {
                symbols.exports.push(name);
            }
        }
        symbols.exports.sort();
        symbols.imports.sort();
        Ok(symbols)
    }

    /// The ABI's symbols that are missing, and the exported ones that are not the ABI's.
    pub(crate) fn differences(&self, unit: &Unit) -> (Vec<String>, Vec<String>) {
        let expected = expected(unit);
        let missing = expected
            .iter()
            .filter(|name| !self.exports.iter().any(|e| e == *name))
            .map(|name| (*name).to_owned())
            .collect();
        let extra = self
            .exports
            .iter()
            .filter(|name| !expected.contains(&name.as_str()))
            .cloned()
            .collect();
        (missing, extra)
    }
}

/// The exported symbols that `kda/abi.h` asks of a unit.
pub(crate) fn expected(unit: &Unit) -> &'static [&'static str] {
    match unit {
        Unit::Side { .. } => &SIDE_SYMBOLS,
        Unit::Oracle => &ORACLE_SYMBOLS,
        Unit::Support { .. } => &SUPPORT_SYMBOLS,
    }
}

/// The linker's list: the ABI's symbols stay visible, whatever else the object or a static library brings does not.
pub(crate) fn version_script(unit: &Unit) -> String {
    format!(
        "{{\n  global: {};\n  local: *;\n}};\n",
        expected(unit).join("; ")
    )
}
