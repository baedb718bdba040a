// group_norm_tile.cuh: a tile of a group as Triton holds it, and what its kernels do with one.
// A thread of kThreads has kTile / kThreads elements in runs of kRun, run r at (r * kThreads + thread) * kRun. Elements
// past the group are masked: loaded as zero, reduced and normalised like the others, not stored.
#pragma once

#include "kda/approximate.cuh"
#include "kda/reduce.cuh"
#include "sglang/masked_access.cuh"

namespace kda::sglang {

#if defined(KDA_EMULATED)

template <typename T>
T load_element_masked(const T* from, bool valid) {
  return valid ? *from : T{};
}

#else

// One predicated load an element, which the compiler neither merges nor drops: upstream loads an affine parameter for
// every element, however many share a channel.
template <typename T>
__device__ __forceinline__ T load_element_masked(const T* from, bool valid) {
  T value;
  if constexpr (sizeof(T) == 2) {
    unsigned short bits;
    asm volatile("{\n  .reg .pred p;\n  setp.ne.b32 p, %2, 0;\n  mov.b16 %0, 0;\n  @p ld.global.b16 %0, [%1];\n}\n"
                 : "=&h"(bits)
                 : "l"(from), "r"(static_cast<int>(valid)));
    value = *reinterpret_cast<const T*>(&bits);
  } else {
    static_assert(sizeof(T) == 4);
    unsigned bits;
    asm volatile("{\n  .reg .pred p;\n  setp.ne.b32 p, %2, 0;\n  mov.b32 %0, 0;\n  @p ld.global.b32 %0, [%1];\n}\n"
                 : "=&r"(bits)
                 : "l"(from), "r"(static_cast<int>(valid)));
    value = *reinterpret_cast<const T*>(&bits);
  }
  return value;
}

#endif

// The loads so far are issued before what follows: left alone, the assembler sinks a tile's later ones into the work on
// the first.
__device__ __forceinline__ void issue_loads() {
#if !defined(KDA_EMULATED)
  __syncwarp();
#endif
}

template <typename T, int kThreads, int kTile, int kRun>
struct GroupTile {
  static constexpr int kRuns = kTile / (kThreads * kRun);
  static_assert(kRuns * kThreads * kRun == kTile, "whole runs");

  Vec<T, kRun> runs[kRuns];

  static __device__ __forceinline__ int index(int tile_begin, int run) {
    return tile_begin + (run * kThreads + static_cast<int>(threadIdx.x)) * kRun;
  }

  __device__ __forceinline__ void load(const T* group, int tile_begin, int elements) {
#pragma unroll
    for (int r = 0; r < kRuns; ++r) {
      const int i = index(tile_begin, r);
      if constexpr (sizeof(T) * kRun >= 8) {
        runs[r] = load_masked<kRun>(group + i, i < elements);
      } else {
#pragma unroll
        for (int j = 0; j < kRun; ++j) runs[r][j] = load_element_masked(group + i + j, i + j < elements);
      }
    }
  }

  __device__ __forceinline__ float sum() const {
    float sum = 0.0f;
#pragma unroll
    for (int r = 0; r < kRuns; ++r) {
#pragma unroll
      for (int j = 0; j < kRun; ++j) sum += to_float(runs[r][j]);
    }
    return sum;
  }

  __device__ __forceinline__ float sum_of_squares() const {
    float sum = 0.0f;
#pragma unroll
    for (int r = 0; r < kRuns; ++r) {
#pragma unroll
      for (int j = 0; j < kRun; ++j) {
        const float x = to_float(runs[r][j]);
        sum = fmaf(x, x, sum);
      }
    }
    return sum;
  }
};

// Triton's reduction of a tile: shuffles, one exchange through shared memory, shuffles of one warp, a broadcast. Three
// barriers, the last of which frees `shared` again.
template <int kThreads>
__device__ __forceinline__ float tile_reduce(float value, float (&shared)[kThreads / 32]) {
  constexpr int kWarps = kThreads / 32;
  const int lane = static_cast<int>(threadIdx.x) % 32, warp = static_cast<int>(threadIdx.x) / 32;
  value = warp_sum(value);
  if (lane == 0) shared[warp] = value;
  __syncthreads();
  if (warp == 0) {
    value = warp_sum<kWarps>(shared[lane % kWarps]);
    __syncwarp();
    if (lane == 0) shared[0] = value;
  }
  __syncthreads();
  value = shared[0];
  __syncthreads();
  return value;
}

struct GroupStatistics {
  float mean, rstd;

  static __device__ __forceinline__ GroupStatistics of(float sum, float sum_of_squares, int elements, float eps) {
    const float inverse = div_full_approx(1.0f, static_cast<float>(elements));
    const float mean = sum * inverse;
    return {mean, rsqrt_approx(fmaf(sum_of_squares, inverse, -(mean * mean)) + eps)};
  }
};

__device__ __forceinline__ float normalise_silu(float x, GroupStatistics s, float weight, float bias) {
  constexpr float kLog2E = 1.44269504088896340736f;
  const float t = fmaf((x - s.mean) * s.rstd, weight, bias);
  return t * div_full_approx(1.0f, 1.0f + ex2_approx(-t * kLog2E));
}

// Which channel an element has, and how often its affine parameters are loaded.
enum class GroupAffine {
  kElement,  // a division an element
  kRun,      // a division a run, as space is a multiple of 16; still a load an element
};

// With `kLoadsFirst`, all loads of x are issued before the first is used.
template <GroupAffine kAffine, bool kLoadsFirst, typename T, int kThreads, int kTile, int kRun>
__device__ __forceinline__ void apply_tile(const T* group, const T* weight, const T* bias, T* out, int tile_begin,
                                           int elements, int positions, GroupStatistics statistics) {
  using Tile = GroupTile<T, kThreads, kTile, kRun>;
  Tile x;
  x.load(group, tile_begin, elements);
  if constexpr (kLoadsFirst) issue_loads();
  T weights[Tile::kRuns][kRun], biases[Tile::kRuns][kRun];
  int channels[Tile::kRuns][kRun];
#pragma unroll
  for (int r = 0; r < Tile::kRuns; ++r) {
    const int i = Tile::index(tile_begin, r);
#pragma unroll
    for (int j = 0; j < kRun; ++j) {
      channels[r][j] = kAffine == GroupAffine::kRun ? (j == 0 ? i / positions : channels[r][0]) : (i + j) / positions;
      weights[r][j] = load_element_masked(weight + channels[r][j], i + j < elements);
    }
  }
#pragma unroll
  for (int r = 0; r < Tile::kRuns; ++r) {
    const int i = Tile::index(tile_begin, r);
#pragma unroll
    for (int j = 0; j < kRun; ++j) biases[r][j] = load_element_masked(bias + channels[r][j], i + j < elements);
  }
#pragma unroll
  for (int r = 0; r < Tile::kRuns; ++r) {
    const int i = Tile::index(tile_begin, r);
    Vec<float, kRun> y;
#pragma unroll
    for (int j = 0; j < kRun; ++j) {
      y[j] = normalise_silu(to_float(x.runs[r][j]), statistics, to_float(weights[r][j]), to_float(biases[r][j]));
    }
    // A run is wholly in the group or wholly out: runs of several elements are taken of multiples of 16 alone.
    store_masked(out + i, from_float<T>(y), i < elements);
  }
}

}  // namespace kda::sglang
