#!/usr/bin/env bash
# Installs nvcc 13.0 from PyPI's pinned wheels into .toolchain/cuda, where the toolchain module looks for it.
# Needs python3 with pip; about 270 MB on disk. Does nothing when that version is there already.
set -euo pipefail
cd "$(dirname "$0")/.."

# One CUDA 13.0 update 2 toolkit: what nvcc needs to compile and link, and no libraries besides the runtime.
wheels=(
  nvidia-cuda-nvcc==13.0.88
  nvidia-cuda-crt==13.0.88
  nvidia-nvvm==13.0.88
  nvidia-cuda-runtime==13.0.96
  nvidia-cuda-cccl==13.0.85
)
home=.toolchain/cuda
stamp=$home/.wheels

if [[ -f $stamp && $(<"$stamp") == "${wheels[*]}" ]]; then
  echo "nvcc is installed already: $home/bin/nvcc"
  exit 0
fi

if ! python3 -m pip --version >/dev/null 2>&1; then
  echo "python3 has no pip: install it (Debian: apt-get install python3-pip)" >&2
  exit 1
fi
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore

# Unpacked beside its final place and renamed, so that a broken download leaves no half toolkit.
mkdir -p .toolchain
fresh=$(mktemp -d .toolchain/cuda.XXXXXX)
trap 'rm -rf "$fresh"' EXIT
echo "installing ${wheels[*]}"
python3 -m pip install --quiet --no-deps \
  --target "$fresh" "${wheels[@]}"
toolkit=$(dirname "$(dirname "$(find "$fresh" -path '*/bin/nvcc' | head -n 1)")")
chmod -R u+x "$toolkit/bin" "$toolkit/nvvm/bin"
printf '%s' "${wheels[*]}" >"$toolkit/.wheels"
rm -rf "$home"
mv "$toolkit" "$home"
"$home/bin/nvcc" --version | sed -n 's/^Cuda compilation tools, //p'
echo "installed $(du -sh "$home" | cut -f 1) in $home; kda finds it there"
