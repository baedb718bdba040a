//! Writes the Rust view of the C headers to the path it is given. Called by `scripts/bindings.sh`, which brings libclang.
//!
//! A package of its own: nobody who builds `kda` compiles bindgen or needs libclang.

use std::error::Error;
use std::path::PathBuf;

use bindgen::callbacks::{ItemInfo, ParseCallbacks};

/// Both headers in one translation unit, so that a shared type would come out once.
const HEADERS: [&str; 2] = [
    "kernels/include/kda/abi.h",
    "kernels/include/kda/emulated/stream.h",
];

/// Names the one anonymous type of the ABI.
#[derive(Debug)]
struct Names;

impl ParseCallbacks for Names {
    fn item_name(&self, item: ItemInfo) -> Option<String> {
        (item.name == "KdaScalar__bindgen_ty_1").then(|| "KdaScalarValue".to_owned())
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let output = std::env::args_os()
        .nth(1)
        .map(PathBuf::from)
        .ok_or("usage: bindings OUTPUT")?;
    // The libclang wheel has no headers of its own; the host compiler's stddef.h and stdint.h do.
    let system = std::env::var("KDA_SYSTEM_INCLUDE")?;
    let mut builder = bindgen::Builder::default()
        .clang_args(["-x", "c", "-std=c11", "-isystem", &system])
        .allowlist_item("(Kda|KDA_|kda_).*")
        .default_enum_style(bindgen::EnumVariation::Consts)
        .prepend_enum_name(false)
        .derive_default(true)
        .impl_debug(true)
        .parse_callbacks(Box::new(Names))
        .rust_target(bindgen::RustTarget::stable(85, 0).expect("bindgen should know Rust 1.85"))
        .rust_edition(bindgen::RustEdition::Edition2024)
        .disable_header_comment()
        .raw_line("// Written by scripts/bindings.sh from kernels/include/kda/{abi,emulated/stream}.h. Do not edit.")
        .formatter(bindgen::Formatter::Rustfmt);
    for header in HEADERS {
        builder = builder.header(header);
    }
    // The ABI carries every enumeration in an int32_t; clang's underlying type for them is unsigned.
    let text = builder
        .generate()?
        .to_string()
        .replace(" = ::std::os::raw::c_uint;", " = i32;");
    std::fs::write(output, text)?;
    Ok(())
}
