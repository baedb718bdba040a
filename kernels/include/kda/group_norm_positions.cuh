// group_norm_positions.cuh: GroupNorm + SiLU of channels-last x into dense channels, transposed through shared memory.
//   t = (x - mean) * rstd * weight[c] + bias[c],  out = t * sigmoid(t);  mean and variance over a group
//   x: [positions, channels], 16-bit;  out: [channels, positions];  one batch, groups of whole fours of channels
// Moves 4 B an element and, of x beyond what shared memory holds (about 26 MB on an H100), 2 B again, what is left of it
// in the L2 from there. Bound: HBM. [1, 512, 5, 64, 64] f16: 41.9 MB, 13 us at the 3.35 TB/s of the H100 SXM data sheet.
// Grid: cooperative, one block an SM. A block takes consecutive units of kPositions positions. First pass: a thread sums
// up vectors of its own columns, which it copied itself; the last units stay in shared memory. Sums go through
// mailboxes. Second pass, backwards: from the units that stayed to those that left the L2 first; a warp reads columns of
// a unit, two channels a lane, and writes 16 B a lane and channel.
#pragma once

#include "kda/async_copy.cuh"
#include "kda/group_norm_exchange.cuh"
#include "kda/vec.cuh"

namespace kda::group_norm {

constexpr int kPositionsThreads = 512;
constexpr int kPositionsAhead = 3;  // units under way while one is worked on
constexpr int kPositionsVector = 8;  // elements of an access
constexpr int kPositionsMaxChannels = 1024;
constexpr int kLanesPerGroup = 16;  // that reduce it

template <typename T>
struct PositionsArguments {
  const T *x, *weight, *bias;
  T* out;
  unsigned long long* mailboxes;  // [groups, blocks], zero
  int channels, groups, group_channels, positions;
  int units, slots;
  float inverse_count, eps;
};

// A unit in shared memory: blocks of 8 positions, padded so that the lanes of a warp that reads columns meet 32 banks.
template <int kPositions>
__host__ __device__ constexpr int unit_block_pitch(int channels) {
  return 2 * kPositionsVector * channels + 4 * (32 / (kPositions / kPositionsVector));
}

template <int kPositions>
constexpr int unit_bytes(int channels) {
  return kPositions / kPositionsVector * unit_block_pitch<kPositions>(channels);
}

// Scale and bias a channel, then two sums a thread.
inline int positions_table_bytes(int channels) { return (channels * 8 + 127) / 128 * 128; }

constexpr int kPositionsScratchBytes = kPositionsThreads * 2 * static_cast<int>(sizeof(GroupSums));

template <typename T, int kPositions>
__global__ void __launch_bounds__(kPositionsThreads, 1) group_norm_positions_kernel(const PositionsArguments<T> call) {
  using Vector = Vec<T, kPositionsVector>;
  constexpr int kUnitBlocks = kPositions / kPositionsVector;
  constexpr int kPairsPerWarp = 32 / kUnitBlocks;
  constexpr int kWarps = kPositionsThreads / 32;
  const int channels = call.channels;
  const int block_pitch = unit_block_pitch<kPositions>(channels);
  const int unit_pitch = kUnitBlocks * block_pitch;
  KDA_DYNAMIC_SMEM(unsigned char, smem);
  // Weight and bias of each channel at first.
  auto* const table = reinterpret_cast<ChannelAffine<T>*>(smem);
  auto* const scratch = reinterpret_cast<GroupSums*>(smem + (channels * 8 + 127) / 128 * 128);
  unsigned char* const slots = reinterpret_cast<unsigned char*>(scratch) + kPositionsScratchBytes;

  const int thread = static_cast<int>(threadIdx.x);
  const int blocks = static_cast<int>(gridDim.x), block = static_cast<int>(blockIdx.x);
  const int begin = static_cast<int>(int64_t{block} * call.units / blocks);
  const int count = static_cast<int>(int64_t{block + 1} * call.units / blocks) - begin;

  // Of the columns that this thread copies and sums up: 8 channels from `column` on, every `rows`-th position.
  const int columns = channels / kPositionsVector;
  const int rows = kPositionsThreads / columns;
  const int row = thread / columns, column = thread % columns * kPositionsVector;
  const auto place = [&](int unit, int position) {
    return slots + unit % call.slots * unit_pitch + position / kPositionsVector * block_pitch +
           position % kPositionsVector * channels * 2;
  };
  const auto copy = [&](int unit) {
    if (row < rows && unit >= 0 && unit < count) {
      const int first = (begin + unit) * kPositions;
      for (int position = row; position < kPositions && first + position < call.positions; position += rows) {
        async_copy_16(place(unit, position) + column * 2, call.x + int64_t{first + position} * channels + column);
      }
    }
    async_copy_commit();
  };

  for (int channel = thread; channel < channels; channel += kPositionsThreads) {
    table[channel] = {to_float(call.weight[channel]), to_float(call.bias[channel])};
  }

  // First pass. Halves of a vector may belong to different groups.
  float origins[2];
  GroupSums sums[2];
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    const int group = (column + 4 * half) / call.group_channels;
    origins[half] = to_float(call.x[group * call.group_channels]);
  }
  for (int unit = 0; unit < kPositionsAhead; ++unit) copy(unit);
  for (int unit = 0; unit < count; ++unit) {
    copy(unit + kPositionsAhead);
    async_copy_wait<kPositionsAhead>();
    const int first = (begin + unit) * kPositions;
    if (row < rows) {
      for (int position = row; position < kPositions && first + position < call.positions; position += rows) {
        const Vector v = Vector::load(reinterpret_cast<const T*>(place(unit, position)) + column);
#pragma unroll
        for (int i = 0; i < kPositionsVector; ++i) sums[i / 4].add(to_float(v[i]), origins[i / 4]);
      }
    }
  }

  // Of this block, by group: kLanesPerGroup neighbouring lanes each, whole warps going round together.
  const int quads = channels / 4, group_quads = call.group_channels / 4;
  if (row < rows) {
    scratch[row * quads + column / 4] = sums[0];
    scratch[row * quads + column / 4 + 1] = sums[1];
  }
  __syncthreads();
  constexpr int kGroupsPerRound = kPositionsThreads / kLanesPerGroup;
  const int lane = thread % kLanesPerGroup, rounds = (call.groups + kGroupsPerRound - 1) / kGroupsPerRound;
  for (int round = 0; round < rounds; ++round) {
    const int group = round * kGroupsPerRound + thread / kLanesPerGroup;
    GroupSums mine;
    if (group < call.groups) {
      for (int i = lane; i < rows * group_quads; i += kLanesPerGroup) {
        const GroupSums part = scratch[i / group_quads * quads + group * group_quads + i % group_quads];
        mine.sum += part.sum;
        mine.squares += part.squares;
      }
    }
    mine = lanes_total<kLanesPerGroup>(mine);
    if (group < call.groups && lane == 0) post(&call.mailboxes[int64_t{group} * blocks + block], packed(mine));
  }
  for (int round = 0; round < rounds; ++round) {
    const int group = round * kGroupsPerRound + thread / kLanesPerGroup;
    GroupSums theirs;
    if (group < call.groups) {
      for (int other = lane; other < blocks; other += kLanesPerGroup) {
        const GroupSums word = unpacked(wait_for(&call.mailboxes[int64_t{group} * blocks + other]));
        theirs.sum += word.sum;
        theirs.squares += word.squares;
      }
    }
    theirs = lanes_total<kLanesPerGroup>(theirs);
    if (group < call.groups) {
      const float origin = to_float(call.x[group * call.group_channels]);
      const GroupMoments moments = moments_of(theirs, origin, call.inverse_count, call.eps);
      for (int i = lane; i < call.group_channels; i += kLanesPerGroup) {
        ChannelAffine<T>& affine = table[group * call.group_channels + i];
        affine = ChannelAffine<T>::of(moments, affine.scale, affine.shift);
      }
    }
  }

  // Second pass. Unit `count - 1 - turn`; those of the first turns are still in their slots.
  const auto copy_for_turn = [&](int turn) { copy(turn < call.slots ? -1 : count - 1 - turn); };
  for (int turn = 0; turn < kPositionsAhead; ++turn) copy_for_turn(turn);
  const int warp_lane = thread % 32;
  const int unit_block = warp_lane / kPairsPerWarp;
  for (int turn = 0; turn < count; ++turn) {
    const int unit = count - 1 - turn;
    async_copy_wait<kPositionsAhead - 1>();
    __syncthreads();  // all copies of this unit are in, and everyone has left the unit before it
    copy_for_turn(turn + kPositionsAhead);
    const int position = (begin + unit) * kPositions + unit_block * kPositionsVector;
    if (position >= call.positions) continue;
    const unsigned char* const from = slots + unit % call.slots * unit_pitch + unit_block * block_pitch;
    for (int pair = thread / 32 * kPairsPerWarp + warp_lane % kPairsPerWarp; pair < channels / 2;
         pair += kWarps * kPairsPerWarp) {
      const ChannelAffine<T> affines[2] = {table[2 * pair], table[2 * pair + 1]};
      Vec<float, kPositionsVector> first, second;
#pragma unroll
      for (int i = 0; i < kPositionsVector; ++i) {
        const auto both = Vec<T, 2>::load(reinterpret_cast<const T*>(from) + i * channels + 2 * pair);
        first[i] = normalise_silu(both[0], affines[0]);
        second[i] = normalise_silu(both[1], affines[1]);
      }
      T* const to = call.out + int64_t{2 * pair} * call.positions + position;
      from_float<T>(first).store_streaming(to);
      from_float<T>(second).store_streaming(to + call.positions);
    }
  }
}

}  // namespace kda::group_norm
