// layernorm_select01.cuh: port of sglang's Triton kernels for LayerNorm with a two-way modulation chosen per token.
//   [r = residual + residual_gate * x;  residual_out = r;]  h = (r - mean) * rsqrt(var + eps) [* weight] [+ bias]
//   s = index != 0;  out = h * (1 + scale_s) + shift_s;  gate_out = gate_s
//   x, residual, residual_gate and outputs: [B, L, C] dense;  six modulation tensors: [B, C];  index: [B, L]
// Moves 3 * B*L*C * sizeof(x) B, with the residual 6 *. Bound: HBM in bytes, block barriers in time.
// Grid: B * L, one row a block of 128 threads. The row's tile is the next power of two of C: for C = 3072 a quarter of
// registers and arithmetic is masked. Index and modulation are loaded after the second reduction, as upstream.
// Five block barriers a row: two in each reduction, one between them.
#pragma once

#include <stdint.h>

#include "kda/reduce.cuh"
#include "sglang/masked_access.cuh"
#include "sglang/promoted_math.cuh"

namespace kda::sglang {

constexpr int kRowThreads = 128;  // 4 warps, Triton's default
constexpr int kRowWarps = kRowThreads / 32;

// Pointers of one call. weight and bias are NULL where absent; index_bytes is 1, 4 or 8.
template <typename T>
struct SelectArguments {
  const T *x, *residual, *residual_gate, *weight, *bias;
  const T *scale[2], *shift[2], *gate[2];
  int64_t scale_batch[2], shift_batch[2], gate_batch[2];
  const void* index;
  int64_t index_batch, index_token;
  int index_bytes;
  T *out, *residual_out, *gate_out;
  int tokens, channels;
  float epsilon;
};

__device__ __forceinline__ bool is_set_one(const void* index, int index_bytes, int64_t offset) {
  if (index_bytes == 4) return static_cast<const int32_t*>(index)[offset] != 0;
  if (index_bytes == 8) return static_cast<const int64_t*>(index)[offset] != 0;
  return static_cast<const unsigned char*>(index)[offset] != 0;
}

// The three rows that a token reads. Which set, and the division of the row number by L, come with the index load.
template <typename T>
struct ModulationRows {
  const T *scale, *shift, *gate;
};

template <typename T>
__device__ __forceinline__ ModulationRows<T> select_rows(const SelectArguments<T>& a, int row, int* set = nullptr) {
  const int64_t batch = row / a.tokens, token = row % a.tokens;
  if (is_set_one(a.index, a.index_bytes, batch * a.index_batch + token * a.index_token)) {
    if (set != nullptr) *set = 1;
    return {a.scale[1] + batch * a.scale_batch[1], a.shift[1] + batch * a.shift_batch[1],
            a.gate[1] + batch * a.gate_batch[1]};
  }
  if (set != nullptr) *set = 0;
  return {a.scale[0] + batch * a.scale_batch[0], a.shift[0] + batch * a.shift_batch[0],
          a.gate[0] + batch * a.gate_batch[0]};
}

// Triton's block reduction: butterfly within warps, warp sums to shared memory, butterfly of those by one warp, result
// back through shared memory. Two barriers.
__device__ __forceinline__ float block_sum_triton(float value, float (&partials)[kRowWarps + 1]) {
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  value = warp_sum(value);
  if (lane == 0) partials[warp] = value;
  __syncthreads();
  if (warp == 0) {
    const float total = warp_sum<kRowWarps>(partials[lane % kRowWarps]);
    if (lane == 0) partials[kRowWarps] = total;
  }
  __syncthreads();
  return partials[kRowWarps];
}

// kGroups accesses of one 16 B run a thread cover the row. Triton's register counts on sm_90 (64 and 70) allow 8 and 7
// blocks an SM at four groups of 16-bit elements.
template <typename T, int kGroups, bool kResidual>
inline constexpr int kRowBlocksPerSm = kGroups * kAccessBytes / static_cast<int>(sizeof(T)) > 32 ? 1
                                       : kResidual                                               ? 7
                                                                                                 : 8;

template <typename T, int kGroups, bool kResidual>
__global__ void __launch_bounds__(kRowThreads, kRowBlocksPerSm<T, kGroups, kResidual>)
    layernorm_select01_row_kernel(const SelectArguments<T> arguments) {
  constexpr int kRun = kAccessBytes / sizeof(T);
  __shared__ float partials[kRowWarps + 1];
  const SelectArguments<T>& a = arguments;
  const int row = blockIdx.x, channels = a.channels;
  const int64_t first = static_cast<int64_t>(row) * channels;
  const auto channel = [&](int group) { return (group * kRowThreads + static_cast<int>(threadIdx.x)) * kRun; };
  const auto is_inside = [&](int group) { return channel(group) < channels; };

  Vec<float, kRun> h[kGroups];
  float sum = 0.f;
  if constexpr (kResidual) {
    Vec<T, kRun> x[kGroups], residual[kGroups], gate[kGroups];
#pragma unroll
    for (int group = 0; group < kGroups; ++group) {
      x[group] = load_masked<kRun>(a.x + first + channel(group), is_inside(group));
    }
#pragma unroll
    for (int group = 0; group < kGroups; ++group) {
      residual[group] = load_masked<kRun>(a.residual + first + channel(group), is_inside(group));
    }
#pragma unroll
    for (int group = 0; group < kGroups; ++group) {
      gate[group] = load_masked<kRun>(a.residual_gate + first + channel(group), is_inside(group));
    }
#pragma unroll
    for (int group = 0; group < kGroups; ++group) {
#pragma unroll
      for (int i = 0; i < kRun; ++i) {
        h[group][i] = fmaf(to_float(gate[group][i]), to_float(x[group][i]), to_float(residual[group][i]));
      }
      store_masked(a.residual_out + first + channel(group), from_float<T>(h[group]), is_inside(group));
    }
  } else {
#pragma unroll
    for (int group = 0; group < kGroups; ++group) {
      h[group] = to_float(load_masked<kRun>(a.x + first + channel(group), is_inside(group)));
    }
  }
#pragma unroll
  for (int group = 0; group < kGroups; ++group) {
#pragma unroll
    for (int i = 0; i < kRun; ++i) sum += h[group][i];
  }
  const float mean = __fdividef(block_sum_triton(sum, partials), static_cast<float>(channels));

  float squares = 0.f;
#pragma unroll
  for (int group = 0; group < kGroups; ++group) {
#pragma unroll
    for (int i = 0; i < kRun; ++i) {
      h[group][i] = is_inside(group) ? h[group][i] - mean : 0.f;
      squares = fmaf(h[group][i], h[group][i], squares);
    }
  }
  __syncthreads();
  const float variance = __fdividef(block_sum_triton(squares, partials), static_cast<float>(channels));
  const float inverse_deviation = rsqrtf(variance + a.epsilon);

  const ModulationRows<T> rows = select_rows(a, row);
#pragma unroll
  for (int group = 0; group < kGroups; ++group) {
#pragma unroll
    for (int i = 0; i < kRun; ++i) h[group][i] *= inverse_deviation;
    const auto scale = load_masked<kRun>(rows.scale + channel(group), is_inside(group));
    const auto shift = load_masked<kRun>(rows.shift + channel(group), is_inside(group));
    const auto gate = load_masked<kRun>(rows.gate + channel(group), is_inside(group));
    if (a.weight != nullptr) {
      const auto weight = load_masked<kRun>(a.weight + channel(group), is_inside(group));
#pragma unroll
      for (int i = 0; i < kRun; ++i) h[group][i] *= to_float(weight[i]);
    }
    if (a.bias != nullptr) {
      const auto bias = load_masked<kRun>(a.bias + channel(group), is_inside(group));
#pragma unroll
      for (int i = 0; i < kRun; ++i) h[group][i] += to_float(bias[i]);
    }
#pragma unroll
    for (int i = 0; i < kRun; ++i) {
      h[group][i] = fmaf(h[group][i], 1.f + to_float(scale[i]), to_float(shift[i]));
    }
    store_masked(a.out + first + channel(group), from_float<T>(h[group]), is_inside(group));
    store_masked(a.gate_out + first + channel(group), gate, is_inside(group));
  }
}

}  // namespace kda::sglang
