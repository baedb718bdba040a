// rotary_split.cuh: rotates the halves of each head against each other, cos and sin of a head and token by strides.
//   out[j], out[j + h] = rotate_split(x[j], x[j + h], cos[b, head, s, j], sin[b, head, s, j])
//   x, out: [B, S, H * 2h] dense;  cos, sin: [B, H, S, h], h contiguous
// Moves 12 * B*S*H*h B, each once (cos and sin differ from head to head). Bound: HBM. [1, 24576, 4096]: 604 MB, 180 us
// at the 3.35 TB/s of the H100 SXM data sheet.
// Grid: (groups of tokens; groups of heads; B). A block is x vectors of 16 B along h by y heads by z tokens; a thread
// loads one vector of each half, of cos and of sin before it stores two. No thread divides.
#pragma once

#include "kda/caching.cuh"
#include "kda/rotary_math.cuh"

namespace kda::rotary {

constexpr int kSplitThreads = 256;  // at most

// Strides in elements.
template <typename T>
struct SplitTableArguments {
  const T* data;
  int64_t batch, head, token;

  __device__ __forceinline__ const T* at(int64_t b, int64_t h, int64_t s) const {
    return data + b * batch + h * head + s * token;
  }
};

template <typename T>
struct SplitArguments {
  const T* x;
  SplitTableArguments<T> cos, sin;
  T* out;
  int tokens, heads, half;
};

template <typename T, int kElements>
__global__ void __launch_bounds__(kSplitThreads) rotary_split_kernel(const SplitArguments<T> a) {
  const int s = blockIdx.x * blockDim.z + threadIdx.z;
  const int head = blockIdx.y * blockDim.y + threadIdx.y;
  if (s >= a.tokens || head >= a.heads) return;
  const int column = threadIdx.x * kElements;
  const int64_t first = ((int64_t{blockIdx.z} * a.tokens + s) * a.heads + head) * (2 * a.half) + column;
  const auto x0 = load_stream<Caching::kDefault, kElements>(a.x + first);
  const auto x1 = load_stream<Caching::kDefault, kElements>(a.x + first + a.half);
  const auto cos = load_stream<Caching::kDefault, kElements>(a.cos.at(blockIdx.z, head, s) + column);
  const auto sin = load_stream<Caching::kDefault, kElements>(a.sin.at(blockIdx.z, head, s) + column);
  Vec<float, kElements> y0, y1;
#pragma unroll
  for (int j = 0; j < kElements; ++j) {
    const Rotated pair = rotate_split(x0[j], x1[j], cos[j], sin[j]);
    y0[j] = pair.first;
    y1[j] = pair.second;
  }
  store_stream<Caching::kEvictFirst>(a.out + first, from_float<T>(y0));
  store_stream<Caching::kEvictFirst>(a.out + first + a.half, from_float<T>(y1));
}

}  // namespace kda::rotary
