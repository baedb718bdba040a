// group_norm_strided.cuh: GroupNorm + SiLU of anything the contract takes: any strides, dtype, alignment and group.
//   out = silu((x - mean) * rstd * weight[c] + bias[c]);  mean and rstd of a batch's group
//   x: [B, C, space] with strides, space of up to three dimensions;  out: [B, C, space] dense;  weight, bias: [C]
// Moves 3 * elements * sizeof(T) B, by accesses of one element, which coalesce where space has stride 1. Bound: latency
// and instructions.
// Grid: (rows), 512 threads. A block goes over its group twice, in out's order.
#pragma once

#include <stdint.h>

#include "kda/group_norm_elements.cuh"

namespace kda::group_norm {

constexpr int kStridedThreads = 512;
constexpr int kStridedSpaceDims = 3;
constexpr int kStridedInFlight = 8;  // loads of a thread; its f32 sums span as many elements

template <typename T>
struct StridedGroups {
  DenseGroups<T> dense;  // but for x, whose elements lie at the strides below
  int64_t batch_stride, channel_stride;
  FastDivide sizes[kStridedSpaceDims];  // outermost first; the first is not divided by
  int64_t strides[kStridedSpaceDims];

  // Element i of the group that begins at `group`.
  __device__ __forceinline__ float load(const T* group, int i) const {
    const uint32_t channel = dense.positions.quotient(i);
    uint32_t rest = static_cast<uint32_t>(i) - channel * dense.positions.divisor;
    int64_t offset = channel * channel_stride;
#pragma unroll
    for (int dim = kStridedSpaceDims - 1; dim > 0; --dim) {
      const uint32_t quotient = sizes[dim].quotient(rest);
      offset += (rest - quotient * sizes[dim].divisor) * strides[dim];
      rest = quotient;
    }
    return to_float(group[offset + rest * strides[0]]);
  }
};

template <typename T>
__global__ void __launch_bounds__(kStridedThreads) group_norm_strided_kernel(const StridedGroups<T> a) {
  constexpr int kTurn = kStridedThreads * kStridedInFlight;
  const int row = static_cast<int>(blockIdx.x), elements = a.dense.elements;
  const int first_channel = a.dense.first_channel(row);
  const T* const group = a.dense.x + row / a.dense.groups * a.batch_stride + first_channel * a.channel_stride;
  const float origin = to_float(*group);
  double totals[2] = {0.0, 0.0};
  for (int begin = static_cast<int>(threadIdx.x); begin < elements; begin += kTurn) {
    float x[kStridedInFlight];
#pragma unroll
    for (int k = 0; k < kStridedInFlight; ++k) {
      const int i = begin + k * kStridedThreads;
      x[k] = i < elements ? a.load(group, i) : origin;
    }
    GroupSums sums;
#pragma unroll
    for (int k = 0; k < kStridedInFlight; ++k) {
      if (begin + k * kStridedThreads < elements) sums.add(x[k], origin);
    }
    totals[0] += static_cast<double>(sums.sum);
    totals[1] += static_cast<double>(sums.squares);
  }
  block_reduce<kStridedThreads>(totals, Sum{});
  const GroupMoments moments = moments_of(totals[0], totals[1], origin, elements, a.dense.eps);
  T* const out = a.dense.out + int64_t{row} * elements;
#pragma unroll 4
  for (int i = static_cast<int>(threadIdx.x); i < elements; i += kStridedThreads) {
    const int channel = first_channel + static_cast<int>(a.dense.positions.quotient(i));
    out[i] = from_float<T>(silu_approx(a.dense.affine(moments, channel)(a.load(group, i))));
  }
}

}  // namespace kda::group_norm
