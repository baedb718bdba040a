// rotary_pairs.cuh: rotates adjacent pairs, a token's cos and sin read once for several heads.
//   out[2j], out[2j+1] = rotate(x[2j], x[2j+1], cos[t, j], sin[t, j]);  t = row mod R
//   x, out: [rows, H, D] dense;  cos, sin: f32 [R, D/2] dense, or the even columns of [R, D]
// Moves 4 * rows*H*D + 8 * R*(D/2) B, each once. Bound: HBM. [27030, 24, 128]: 346 MB, 103 us at the 3.35 TB/s of the
// H100 SXM data sheet.
// Grid: (groups of tokens; groups of heads; rows / R). A block is x vectors of 16 B along D by y heads by z tokens. A
// thread keeps 4 cos and 4 sin in registers for kHeadsPerThread heads, y apart, all loaded before the first is stored.
// No thread divides.
#pragma once

#include "kda/caching.cuh"
#include "kda/rotary_math.cuh"

namespace kda::rotary {

constexpr int kPairsThreads = 256;  // at most
constexpr int kHeadsPerThread = 4;
constexpr int kVectorElements = 8;  // 16 B of a 16-bit type

template <typename T>
struct PairsArguments {
  const T* x;
  const float *cos, *sin;
  T* out;
  int table_rows, heads, width;
};

template <typename T, int kColumnStep>
__global__ void __launch_bounds__(kPairsThreads) rotary_pairs_kernel(const PairsArguments<T> a) {
  constexpr int kPairs = kVectorElements / 2;
  constexpr int kTable = kPairs * kColumnStep;
  using Elements = Vec<T, kVectorElements>;
  const int t = blockIdx.x * blockDim.z + threadIdx.z;
  if (t >= a.table_rows) return;
  const int head = blockIdx.y * (blockDim.y * kHeadsPerThread) + threadIdx.y;
  const int64_t table = (int64_t{t} * (a.width / kVectorElements) + threadIdx.x) * kTable;
  const auto cos = load_stream<Caching::kDefault, kTable>(a.cos + table);
  const auto sin = load_stream<Caching::kDefault, kTable>(a.sin + table);
  const int64_t first = ((int64_t{blockIdx.z} * a.table_rows + t) * a.heads + head) * a.width +
                        static_cast<int>(threadIdx.x) * kVectorElements;
  const int step = static_cast<int>(blockDim.y);

  Elements x[kHeadsPerThread];
#pragma unroll
  for (int i = 0; i < kHeadsPerThread; ++i) {
    if (head + i * step < a.heads) {
      x[i] = load_stream<Caching::kDefault, kVectorElements>(a.x + first + int64_t{i} * step * a.width);
    }
  }
#pragma unroll
  for (int i = 0; i < kHeadsPerThread; ++i) {
    if (head + i * step >= a.heads) return;
    Vec<float, kVectorElements> rotated;
#pragma unroll
    for (int j = 0; j < kPairs; ++j) {
      const Rotated pair = rotate(to_float(x[i][2 * j]), to_float(x[i][2 * j + 1]), cos[j * kColumnStep],
                                  sin[j * kColumnStep]);
      rotated[2 * j] = pair.first;
      rotated[2 * j + 1] = pair.second;
    }
    store_stream<Caching::kEvictFirst>(a.out + first + int64_t{i} * step * a.width, from_float<T>(rotated));
  }
}

}  // namespace kda::rotary
