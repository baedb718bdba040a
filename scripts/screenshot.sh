#!/usr/bin/env bash
# Takes pictures of a page as a headless Chromium shows it, and checks what no picture is needed for:
#   scripts/screenshot.sh FILE.html OUT_DIR [TEXT...]
# OUT_DIR gets wide.png (1280 px), narrow.png (420 px), dark.png and print.pdf. Fails where the page is wider than
# its window, a script or a resource fails, an SVG has no box, or one of TEXT is not on the page.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)

if (($# < 2)); then
  sed -n 's/^# \{0,1\}//p' "$0" | sed -n '2,5p' >&2
  exit 2
fi
"$root/scripts/install-chromium.sh" >&2
KDA_BROWSER=$root/.toolchain/chromium exec node "$root/scripts/screenshot.mjs" "$@"
