// group_norm_columns.cuh: GroupNorm + SiLU of small channels-last x: a cluster holds one group's columns in shared memory.
//   t = (x - mean) * rstd * weight[c] + bias[c],  out = t * sigmoid(t);  mean and variance over a group
//   x: [batch, positions, channels], 16-bit;  out: [batch, channels, positions];  groups of kGroupChannels channels
// Moves 4 B an element, each once from HBM, though groups narrower than 32 B share the sectors that they read. Bound:
// latency. [1, 512, 2, 12, 10] f16: 0.5 MB.
// Grid: clusters of kTeam blocks, one cluster a group, a block a slice of positions. A thread copies 16 B pieces of
// positions; a warp reads columns, two channels a lane, and writes 16 B a lane and channel.
#pragma once

#include "kda/async_copy.cuh"
#include "kda/group_norm_exchange.cuh"
#include "kda/vec.cuh"

namespace kda::group_norm {

constexpr int kColumnsThreads = 256;
constexpr int kColumnsVector = 8;
constexpr int kColumnsMaxCluster = 8;

template <typename T>
struct ColumnsArguments {
  const T *x, *weight, *bias;
  T* out;
  int channels, groups, positions;
  int team;
  int slice;  // positions of a block, whole eights
  float inverse_count, eps;
};

template <typename T, int kGroupChannels>
struct ColumnsShared {
  GroupSums of_team[kColumnsMaxCluster];
  ChannelAffine<T> affine[kGroupChannels];
};

// 8 positions of a group's columns, padded so that the lanes of a warp that reads columns meet all banks.
template <int kGroupChannels>
constexpr int columns_block_pitch() {
  return 2 * kColumnsVector * kGroupChannels + 4 * (kGroupChannels / 2);
}

template <typename T, int kGroupChannels>
constexpr size_t columns_smem_bytes(int slice) {
  return (sizeof(ColumnsShared<T, kGroupChannels>) + 127) / 128 * 128 +
         static_cast<size_t>(slice / kColumnsVector * columns_block_pitch<kGroupChannels>());
}

template <typename T, int kGroupChannels>
__global__ void __launch_bounds__(kColumnsThreads) group_norm_columns_kernel(const ColumnsArguments<T> call) {
  using Vector = Vec<T, kColumnsVector>;
  constexpr int kPieces = kGroupChannels / kColumnsVector;  // of a position
  constexpr int kPairs = kGroupChannels / 2;
  constexpr int kBlocksPerWarp = 32 / kPairs;
  constexpr int kPitch = columns_block_pitch<kGroupChannels>();
  KDA_DYNAMIC_SMEM(unsigned char, smem);
  auto& shared = *reinterpret_cast<ColumnsShared<T, kGroupChannels>*>(smem);
  unsigned char* const held = smem + columns_smem_bytes<T, kGroupChannels>(0);
  if (gridDim.x > 1) cluster_arrive();

  const int thread = static_cast<int>(threadIdx.x);
  const int member = static_cast<int>(blockIdx.x), group = static_cast<int>(blockIdx.y);
  const int first_channel = group * kGroupChannels;
  const int begin = member * call.slice;
  const int count = max(min(call.slice, call.positions - begin), 0);
  const T* const x = call.x + int64_t{blockIdx.z} * call.positions * call.channels + first_channel;
  const auto place = [&](int piece) {
    const int position = piece / kPieces;
    return held + position / kColumnsVector * kPitch +
           (position % kColumnsVector * kPieces + piece % kPieces) * static_cast<int>(sizeof(Vector));
  };
  for (int piece = thread; piece < count * kPieces; piece += kColumnsThreads) {
    const int64_t position = begin + piece / kPieces;
    async_copy_16(place(piece), x + position * call.channels + piece % kPieces * kColumnsVector);
  }
  async_copy_commit();
  const float origin = to_float(x[0]);
  float weight = 0.0f, bias = 0.0f;
  if (thread < kGroupChannels) {
    weight = to_float(call.weight[first_channel + thread]);
    bias = to_float(call.bias[first_channel + thread]);
  }
  async_copy_wait<0>();
  GroupSums sums;
  for (int piece = thread; piece < count * kPieces; piece += kColumnsThreads) {
    sums.add(Vector::load(reinterpret_cast<const T*>(place(piece))), origin);
  }
  float values[2] = {sums.sum, sums.squares};
  block_reduce<kColumnsThreads>(values, Sum{});
  GroupSums total = {values[0], values[1]};
  if (call.team > 1) {
    cluster_wait();
    if (thread < call.team) map_shared_rank(shared.of_team, static_cast<unsigned>(thread))[member] = total;
    cluster_sync();
    total = {};
    for (int other = 0; other < call.team; ++other) {
      total.sum += shared.of_team[other].sum;
      total.squares += shared.of_team[other].squares;
    }
  }
  if (thread < kGroupChannels) {
    const GroupMoments moments = moments_of(total, origin, call.inverse_count, call.eps);
    shared.affine[thread] = ChannelAffine<T>::of(moments, weight, bias);
  }
  __syncthreads();

  const int warp_lane = thread % 32, pair = warp_lane % kPairs;
  const ChannelAffine<T> affines[2] = {shared.affine[2 * pair], shared.affine[2 * pair + 1]};
  T* const out = call.out + (int64_t{blockIdx.z} * call.channels + first_channel + 2 * pair) * call.positions + begin;
  for (int block = thread / 32 * kBlocksPerWarp + warp_lane / kPairs; block * kColumnsVector < count;
       block += kColumnsThreads / 32 * kBlocksPerWarp) {
    const T* const from = reinterpret_cast<const T*>(held + block * kPitch) + 2 * pair;
    Vec<float, kColumnsVector> first, second;
#pragma unroll
    for (int i = 0; i < kColumnsVector; ++i) {
      const auto both = Vec<T, 2>::load(from + i * kGroupChannels);
      first[i] = normalise_silu(both[0], affines[0]);
      second[i] = normalise_silu(both[1], affines[1]);
    }
    from_float<T>(first).store_streaming(out + block * kColumnsVector);
    from_float<T>(second).store_streaming(out + call.positions + block * kColumnsVector);
  }
}

}  // namespace kda::group_norm
