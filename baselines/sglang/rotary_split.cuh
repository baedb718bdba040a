// rotary_split.cuh: sglang's Triton kernel of LTX-2's split rotary embedding.
//   out[j] = T(f32(bf16(a * c)) - b * s), out[j + h] = T(f32(bf16(b * c)) + a * s);  a = x[j], b = x[j + h]
//   x, out: [B, S, H * 2h] dense;  cos, sin: [B, H, S, h], h contiguous. The cos product is T's, then bf16's.
// Moves 12 * B*S*H*h B. Bound: HBM.
// Grid: (B * S, ceil(H / heads a block)), 16 heads a block or the next power of two of H; 256 threads, one tile of
// heads by the next power of two of h. A thread has kElements neighbours of a head: 4 for h 64, 2 for h 32.
#pragma once

#include "kda/launch.cuh"
#include "kda/rotary_call.cuh"
#include "kda/vec.cuh"

namespace kda::sglang {

constexpr int kSplitThreads = 256;
constexpr int kSplitHeads = 16;

template <typename T>
struct SplitTile {
  const T *x, *cos, *sin;
  T* out;
  int64_t cos_batch, cos_head, cos_token, sin_batch, sin_head, sin_token;
  int tokens, heads, half;
  int block_heads, log_block_half;
};

template <typename T>
__device__ __forceinline__ float cos_product(T x, T cos) {
  return to_float(from_float<__nv_bfloat16>(to_float(__hmul(x, cos))));
}

// kHalf: h where it is a constant, else 0.
template <typename T, int kElements, int kHalf>
__global__ void __launch_bounds__(kSplitThreads)  // upstream has 25 registers at most without a bound
    rotary_split_tile_kernel(const SplitTile<T> a) {
  using Run = Vec<T, kElements>;
  const int half = kHalf == 0 ? a.half : kHalf;
  const int block_half = kHalf == 0 ? 1 << a.log_block_half : kHalf;
  const int block_heads = kHalf == 0 ? a.block_heads : kSplitHeads;
  const int64_t batch = blockIdx.x / a.tokens, token = blockIdx.x % a.tokens;
  const auto rotate_run = [&](int element) {
    const int lane_head = kHalf == 0 ? element >> a.log_block_half : element / block_half;
    const int j = element & (block_half - 1);
    const int head = blockIdx.y * block_heads + lane_head;
    if (head >= a.heads || j >= half) return;
    const int64_t first = (int64_t{blockIdx.x} * a.heads + head) * 2 * half + j;
    const Run x0 = Run::load(a.x + first), x1 = Run::load(a.x + first + half);
    const Run cos = Run::load(a.cos + batch * a.cos_batch + head * a.cos_head + token * a.cos_token + j);
    const Run sin = Run::load(a.sin + batch * a.sin_batch + head * a.sin_head + token * a.sin_token + j);
    Vec<float, kElements> y0, y1;
#pragma unroll
    for (int i = 0; i < kElements; ++i) {
      y0[i] = __fmaf_rn(-to_float(x1[i]), to_float(sin[i]), cos_product(x0[i], cos[i]));
      y1[i] = __fmaf_rn(to_float(x0[i]), to_float(sin[i]), cos_product(x1[i], cos[i]));
    }
    from_float<T>(y0).store(a.out + first);
    from_float<T>(y1).store(a.out + first + half);
  };
  if constexpr (kHalf != 0) {
    static_assert(kSplitHeads * kHalf == kSplitThreads * kElements, "one run a thread");
    rotate_run(threadIdx.x * kElements);
  } else {
#pragma unroll 1
    for (int element = threadIdx.x * kElements; element < block_heads * block_half;
         element += kSplitThreads * kElements) {
      rotate_run(element);
    }
  }
}

inline int log2_ceil(int64_t value) {
  int log = 0;
  while ((int64_t{1} << log) < value) ++log;
  return log;
}

template <typename T>
cudaError_t launch_split(const rotary::SplitCall& call, void* stream) {
  const int block_heads = call.heads >= kSplitHeads ? kSplitHeads : 1 << log2_ceil(call.heads);
  const int log_block_half = log2_ceil(call.half);
  const SplitTile<T> tile = {static_cast<const T*>(call.x),
                             static_cast<const T*>(call.cos.data),
                             static_cast<const T*>(call.sin.data),
                             static_cast<T*>(call.out),
                             call.cos.batch,
                             call.cos.head,
                             call.cos.token,
                             call.sin.batch,
                             call.sin.head,
                             call.sin.token,
                             static_cast<int>(call.tokens),
                             static_cast<int>(call.heads),
                             static_cast<int>(call.half),
                             block_heads,
                             log_block_half};
  const dim3 grid(static_cast<unsigned>(call.batch * call.tokens),
                  static_cast<unsigned>((call.heads + block_heads - 1) / block_heads));
  const dim3 block(kSplitThreads);
  if (block_heads == kSplitHeads && call.half == 64) {
    return launch(rotary_split_tile_kernel<T, 4, 64>, grid, block, 0, stream, tile);
  }
  if (block_heads == kSplitHeads && call.half == 32) {
    return launch(rotary_split_tile_kernel<T, 2, 32>, grid, block, 0, stream, tile);
  }
  const bool is_wide = (int64_t{block_heads} << log_block_half) >= kSplitThreads * 8;
  return is_wide ? launch(rotary_split_tile_kernel<T, 8, 0>, grid, block, 0, stream, tile)
                 : launch(rotary_split_tile_kernel<T, 1, 0>, grid, block, 0, stream, tile);
}

}  // namespace kda::sglang
