# `just` lists the recipes.
_default:
    @just --list

# Everything CI runs
check:
    .ci/run

# Unit and integration tests
test *arguments:
    cargo test {{arguments}}

# Format Rust sources
format:
    cargo fmt --all

# Write the Rust view of the C headers
bindings:
    scripts/bindings.sh

# Install nvcc 13.0 into .toolchain/
nvcc:
    scripts/install-nvcc.sh

# Install a headless Chromium into .toolchain/, for pictures of pages
chromium:
    scripts/install-chromium.sh

# Judge a candidate: `just bench fuse_scale_shift --quick`
bench task *arguments:
    cargo run --release -- bench {{task}} {{arguments}}

# Pack what a GPU host needs: `just bundle --gpu h100`
bundle *arguments:
    cargo run --release -- bundle {{arguments}}
