#!/usr/bin/env bash
# Writes harness/abi/bindings.rs from the C headers; with --check, fails when the checked-in file differs.
# libclang comes from PyPI's wheel into .toolchain/, so the machine needs only Rust, a C compiler and python3.
set -euo pipefail
cd "$(dirname "$0")/.."

libclang_version=18.1.1
checked_in=harness/abi/bindings.rs
wheel=.toolchain/libclang-$libclang_version

if [[ ! -e $wheel/clang/native/libclang.so ]]; then
  if ! python3 -m pip --version >/dev/null 2>&1; then
    echo "python3 has no pip: install it (Debian: apt-get install python3-pip)" >&2
    exit 1
  fi
  export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
  python3 -m pip install --quiet --no-deps --target "$wheel" "libclang==$libclang_version"
fi
export LIBCLANG_PATH=$PWD/$wheel/clang/native
KDA_SYSTEM_INCLUDE=$("${CC:-cc}" -print-file-name=include)
export KDA_SYSTEM_INCLUDE

case "${1:-}" in
  "") cargo run --quiet --locked --profile tools -p bindings -- "$checked_in" && echo "wrote $checked_in" ;;
  --check)
    fresh=$(mktemp)
    trap 'rm -f "$fresh"' EXIT
    cargo run --quiet --locked --profile tools -p bindings -- "$fresh"
    if ! diff -u "$checked_in" "$fresh"; then
      echo "$checked_in is not what the headers say: run scripts/bindings.sh and commit the result" >&2
      exit 1
    fi
    echo "$checked_in matches the headers"
    ;;
  *) echo "usage: scripts/bindings.sh [--check]" >&2; exit 2 ;;
esac
