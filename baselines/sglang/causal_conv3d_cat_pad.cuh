// causal_conv3d_cat_pad.cuh: port of sglang's _fused_cat_pad_5d_kernel, see LINEAGE.toml.
//   out[n, c, d, h, w] = cache or x at [n, c, d - Z (- P), h - pad_h, w - pad_w] inside the frame, 0 outside
//   x [N, C, T, H, W], cache [N, C, P, H, W], out [N, C, D, Y, X]: dense;  Z = D - T - P
// Moves x + cache + out once. Bound: HBM on paper, instructions in fact: every element's index is taken apart by four
// divisions with run-time divisors.
// Grid: ceil(elements of out / 256) blocks of 128 threads; a thread has two adjacent elements, each from two predicated
// loads, one of x and one of the cache, and one store for both.
#pragma once

#include <cuda_runtime.h>
#include <stdint.h>

#include "kda/launch.cuh"
#include "kda/vec.cuh"

namespace kda::sglang {

constexpr int kCatPadThreads = 128;
constexpr int kCatPadPerThread = 2;

// Index is int32_t, as upstream's always is, or int64_t from 2^31 elements on.
template <typename T, typename Index>
struct CatPad {
  const T *x, *cache;
  T* out;
  Index total, channels, x_depth, cache_depth, height, width;
  Index out_depth, out_height, out_width;
  Index zero_planes, pad_h, pad_w;
};

template <typename Index>
__device__ __forceinline__ Index clamped(Index value, Index size) {
  return min(max(value, Index{0}), size - 1);
}

template <typename T, typename Index>
__device__ __forceinline__ T cat_pad_element(const CatPad<T, Index>& call, Index index) {
  const Index w = index % call.out_width - call.pad_w;
  Index rest = index / call.out_width;
  const Index h = rest % call.out_height - call.pad_h;
  rest /= call.out_height;
  const Index t = rest % call.out_depth - call.zero_planes;
  rest /= call.out_depth;
  const Index c = rest % call.channels, n = rest / call.channels;

  const bool is_inside = index < call.total && t >= 0 && h >= 0 && h < call.height && w >= 0 && w < call.width;
  const bool is_cached = t < call.cache_depth;
  const Index image = n * call.channels + c;
  const Index from_h = clamped(h, call.height), from_w = clamped(w, call.width);
  const Index cache_t = clamped(t, call.cache_depth), x_t = clamped<Index>(t - call.cache_depth, call.x_depth);
  T cached = 0, fresh = 0;
  if (is_inside && is_cached) {
    cached = call.cache[((image * call.cache_depth + cache_t) * call.height + from_h) * call.width + from_w];
  }
  if (is_inside && !is_cached) {
    fresh = call.x[((image * call.x_depth + x_t) * call.height + from_h) * call.width + from_w];
  }
  return is_cached ? cached : fresh;
}

// kPairs: the output starts at whole 16 B and has a multiple of 16 elements, from which upstream's compiler knows that
// both elements of a thread share one store and one mask.
template <typename T, typename Index, bool kPairs>
__global__ void __launch_bounds__(kCatPadThreads) fused_cat_pad_5d_kernel(const CatPad<T, Index> call) {
  const Index index =
      (static_cast<Index>(blockIdx.x) * kCatPadThreads + static_cast<Index>(threadIdx.x)) * kCatPadPerThread;
  Vec<T, kCatPadPerThread> pair;
#pragma unroll
  for (int i = 0; i < kCatPadPerThread; ++i) pair[i] = cat_pad_element<T, Index>(call, index + i);
  if constexpr (kPairs) {
    if (index < call.total) pair.store(call.out + index);
  } else {
#pragma unroll
    for (int i = 0; i < kCatPadPerThread; ++i) {
      if (index + i < call.total) call.out[index + i] = pair[i];
    }
  }
}

template <typename T, typename Index>
cudaError_t launch_cat_pad(const CatPad<T, Index>& call, void* stream) {
  constexpr int kTile = kCatPadThreads * kCatPadPerThread;
  const int64_t blocks = (int64_t{call.total} + kTile - 1) / kTile;
  const dim3 grid(static_cast<unsigned>(blocks));
  const bool pairs = reinterpret_cast<uintptr_t>(call.out) % 16 == 0 && call.total % 16 == 0;
  return pairs ? launch(fused_cat_pad_5d_kernel<T, Index, true>, grid, dim3(kCatPadThreads), 0, stream, call)
               : launch(fused_cat_pad_5d_kernel<T, Index, false>, grid, dim3(kCatPadThreads), 0, stream, call);
}

}  // namespace kda::sglang
