// rotary_elements.cuh: both rotations one pair a thread and turn, for shapes that the vector kernels do not take.
//   formulas as in rotary_pairs.cuh and rotary_split.cuh, any D and h
// Moves the same bytes. Bound: instructions: 64-bit indices, two or three divisions a pair.
// Grid: up to kElementsBlocks blocks of 256 threads, striding over the pairs.
#pragma once

#include "kda/rotary_pairs.cuh"
#include "kda/rotary_split.cuh"

namespace kda::rotary {

constexpr int kElementsThreads = 256;
constexpr int64_t kElementsBlocks = 1 << 16;

// `column_step` is 2 where the even columns of cos and sin count.
template <typename T>
__global__ void __launch_bounds__(kElementsThreads)
    rotary_pairs_elements_kernel(const PairsArguments<T> a, int64_t rows, int column_step) {
  const int64_t half = a.width / 2, pairs = rows * a.heads * half;
  const int64_t stride = int64_t{gridDim.x} * kElementsThreads;
  for (int64_t i = int64_t{blockIdx.x} * kElementsThreads + threadIdx.x; i < pairs; i += stride) {
    const int64_t row = i / (a.heads * half), j = i % half;
    const int64_t table = (row % a.table_rows * half + j) * column_step;
    const Rotated pair = rotate(to_float(a.x[2 * i]), to_float(a.x[2 * i + 1]), a.cos[table], a.sin[table]);
    a.out[2 * i] = from_float<T>(pair.first);
    a.out[2 * i + 1] = from_float<T>(pair.second);
  }
}

template <typename T>
__global__ void __launch_bounds__(kElementsThreads)
    rotary_split_elements_kernel(const SplitArguments<T> a, int64_t batch) {
  const int64_t half = a.half, pairs = batch * a.tokens * a.heads * half;
  const int64_t stride = int64_t{gridDim.x} * kElementsThreads;
  for (int64_t i = int64_t{blockIdx.x} * kElementsThreads + threadIdx.x; i < pairs; i += stride) {
    const int64_t run = i / half, j = i - run * half;
    const int64_t token = run / a.heads, head = run - token * a.heads;
    const int64_t b = token / a.tokens, s = token - b * a.tokens;
    const int64_t first = run * 2 * half + j;
    const Rotated pair =
        rotate_split(a.x[first], a.x[first + half], a.cos.at(b, head, s)[j], a.sin.at(b, head, s)[j]);
    a.out[first] = from_float<T>(pair.first);
    a.out[first + half] = from_float<T>(pair.second);
  }
}

}  // namespace kda::rotary
