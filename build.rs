//! Tells the harness where the target folder lies and for which machine it is built. It compiles no kernel.
//!
//! Compiling the tasks here was considered and left to the commands, which build what they need through
//! `harness/toolchain/`: a side compiled by cargo would make every edit of a candidate recompile the crate, one broken
//! candidate would stand in the way of all, and a fresh clone would wait for every task before it could run one.

use std::env;
use std::path::PathBuf;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo should set OUT_DIR"));
    // <target>[/<triple>]/<profile>/build/<package>/out: cargo marks the first of these.
    let target = out
        .ancestors()
        .find(|folder| folder.join("CACHEDIR.TAG").is_file())
        .or_else(|| out.ancestors().nth(4))
        .expect("OUT_DIR should lie in a target folder");
    println!("cargo:rustc-env=KDA_TARGET_DIR={}", target.display());
    let triple = env::var("TARGET").expect("cargo should set TARGET");
    println!("cargo:rustc-env=KDA_TARGET_TRIPLE={triple}");
}
