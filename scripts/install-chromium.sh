#!/usr/bin/env bash
# Installs a headless Chromium and what drives it from npm's pinned packages into .toolchain/chromium, for
# scripts/screenshot.sh. Needs node and npm; about 300 MB on disk. Does nothing when those versions are there already.
set -euo pipefail
cd "$(dirname "$0")/.."

packages=(
  @sparticuz/chromium@153.0.0
  playwright-core@1.65.1
)
home=.toolchain/chromium
stamp=$home/.packages

if [[ -f $stamp && $(<"$stamp") == "${packages[*]}" ]]; then
  echo "Chromium is installed already in $home"
  exit 0
fi
if ! command -v npm >/dev/null; then
  echo "npm is missing: install node and npm (Debian: apt-get install npm)" >&2
  exit 1
fi

# Unpacked beside its final place and renamed, so that a broken download leaves no half browser.
mkdir -p .toolchain
fresh=$(mktemp -d .toolchain/chromium.XXXXXX)
trap 'rm -rf "$fresh"' EXIT
echo "installing ${packages[*]}"
npm install --silent --no-save --no-audit --no-fund --ignore-scripts --prefix "$fresh" "${packages[@]}"
printf '%s' "${packages[*]}" >"$fresh/.packages"
rm -rf "$home"
mv "$fresh" "$home"
echo "installed $(du -sh "$home" | cut -f 1) in $home"
