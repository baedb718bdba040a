// group_norm_clusters.cuh: GroupNorm + SiLU of small dense x: a cluster of blocks holds one group in shared memory.
//   t = (x - mean) * rstd * weight[c] + bias[c],  out = t * sigmoid(t);  mean and variance over a group
//   x, out: [rows, group_channels, positions], 16-bit, dense;  rows = batch * groups;  positions % 8 == 0
// Moves 4 B an element, each once. Bound: latency. [1, 512, 2, 32, 32] f16: 4.2 MB, 1.3 us at the 3.35 TB/s of the H100
// SXM data sheet.
// Grid: a cluster a row. A thread copies every kThreads-th vector of its block's slice, sums them up and normalises them.
#pragma once

#include "kda/async_copy.cuh"
#include "kda/group_norm_exchange.cuh"
#include "kda/vec.cuh"

namespace kda::group_norm {

constexpr int kClusterMaxBlocks = 8;     // what every GPU with clusters has
constexpr int kClusterMaxChannels = 64;  // of a group
constexpr int kClusterVector = 8;        // elements

template <typename T>
struct ClusterArguments {
  const T *x, *weight, *bias;
  T* out;
  int groups, group_channels;
  int row_vectors, channel_vectors;
  int slice;  // of a row's vectors, what a block takes
  float inverse_count, eps;
};

template <typename T>
struct ClusterShared {
  GroupSums of_team[kClusterMaxBlocks];
  ChannelAffine<T> affine[kClusterMaxChannels];
};

template <typename T>
constexpr size_t cluster_smem_bytes(int slice) {
  return (sizeof(ClusterShared<T>) + 127) / 128 * 128 + size_t{16} * static_cast<size_t>(slice);
}

template <typename T, int kThreads>
__global__ void __launch_bounds__(kThreads) group_norm_clusters_kernel(const ClusterArguments<T> call) {
  using Vector = Vec<T, kClusterVector>;
  KDA_DYNAMIC_SMEM(unsigned char, smem);
  auto& shared = *reinterpret_cast<ClusterShared<T>*>(smem);
  Vector* const held = reinterpret_cast<Vector*>(smem + cluster_smem_bytes<T>(0));
  if (gridDim.x > 1) cluster_arrive();

  const int thread = static_cast<int>(threadIdx.x);
  const int member = static_cast<int>(blockIdx.x), team = static_cast<int>(gridDim.x), row = static_cast<int>(blockIdx.y);
  const int begin = member * call.slice, count = min(call.slice, call.row_vectors - begin);
  const int64_t row_begin = int64_t{row} * call.row_vectors * kClusterVector;
  const T* const x = call.x + row_begin + int64_t{begin} * kClusterVector;
  for (int i = thread; i < count; i += kThreads) async_copy_16(held + i, x + i * kClusterVector);
  async_copy_commit();
  const float origin = to_float(call.x[row_begin]);
  float weight = 0.0f, bias = 0.0f;
  if (thread < call.group_channels) {
    weight = to_float(call.weight[row % call.groups * call.group_channels + thread]);
    bias = to_float(call.bias[row % call.groups * call.group_channels + thread]);
  }
  int channel = (begin + thread) / call.channel_vectors, rest = (begin + thread) % call.channel_vectors;
  const int channel_step = kThreads / call.channel_vectors, rest_step = kThreads % call.channel_vectors;
  async_copy_wait<0>();

  GroupSums sums;
  for (int i = thread; i < count; i += kThreads) sums.add(Vector::load(held[i].data), origin);
  float values[2] = {sums.sum, sums.squares};
  block_reduce<kThreads>(values, Sum{});
  GroupSums total = {values[0], values[1]};
  if (team > 1) {
    cluster_wait();
    if (thread < team) map_shared_rank(shared.of_team, static_cast<unsigned>(thread))[member] = total;
    cluster_sync();
    total = {};
    for (int other = 0; other < team; ++other) {
      total.sum += shared.of_team[other].sum;
      total.squares += shared.of_team[other].squares;
    }
  }
  if (thread < call.group_channels) {
    const GroupMoments moments = moments_of(total, origin, call.inverse_count, call.eps);
    shared.affine[thread] = ChannelAffine<T>::of(moments, weight, bias);
  }
  __syncthreads();

  T* const out = call.out + row_begin + int64_t{begin} * kClusterVector;
  for (int i = thread; i < count; i += kThreads) {
    normalise_silu(Vector::load(held[i].data), shared.affine[channel]).store_streaming(out + i * kClusterVector);
    channel += channel_step;
    rest += rest_step;
    if (rest >= call.channel_vectors) {
      rest -= call.channel_vectors;
      ++channel;
    }
  }
}

}  // namespace kda::group_norm
