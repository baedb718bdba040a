// group_norm_channels_last.cuh: GroupNorm + SiLU of x that lies as [positions][channels], to dense out.
//   stats  sums of d and d^2 of a group over a range of positions, d = x - the group's first element
//   apply  adds up the sums, out = silu((x - mean) * rstd * weight[c] + bias[c]), transposed through shared memory
//   x: 16-bit, position p of a batch at p * pitch;  out: [B, C, positions] dense;  partials, f32: [rows, ranges, 2]
// Moves 2 * elements * 2 B and reads x again, as far as L2 has lost it. Bound: HBM; f16 [128, 17, 256, 256] is 285 MB:
// 255 us for three passes at the 3.35 TB/s of the H100 SXM data sheet.
// Grids: (blocks of 64 channels, ranges, B), and (blocks of 64 channels * runs of tiles, 1, B), 256 threads. 64 is a
// multiple of a group's channels. The second goes in the reverse order, so that it begins with what the first left in
// L2; a tile's positions leave as runs of 128 B and more a channel. No atomics: the same bits every time.
#pragma once

#include <stdint.h>

#include "kda/caching.cuh"
#include "kda/group_norm_math.cuh"

namespace kda::group_norm {

constexpr int kChannelsLastThreads = 256;
constexpr int kChannelBlock = 64;                     // channels of a block
constexpr int kChannelLanes = 8;                      // channels of a 16 B access
constexpr int kBlockVectors = kChannelBlock / kChannelLanes;
constexpr int kStatsPositions = kChannelsLastThreads / kBlockVectors;  // positions that a block loads at once
constexpr int kStatsInFlight = 4;                     // loads of a thread

// Blocks an SM of the apply kernel: 80 registers, but for bf16, whose loads are widened early and would spill.
template <typename T>
constexpr int kApplyBlocks = __is_same(T, __nv_bfloat16) ? 2 : 3;

template <typename T>
struct ChannelsLast {
  const T *x, *weight, *bias;
  T* out;
  float2* partials;  // [rows, ranges]
  int64_t batch_stride, pitch;
  int positions, channels, groups;
  int group_shift;      // log2 of a group's channels, which divide 64
  int ranges, range;    // ranges of positions, and how many each has
  int tiles_per_block;  // that a block of the apply kernel takes one after the other
  bool stores_vectors;  // 16 B of out
  float eps;

  __device__ __forceinline__ int group_of(int channel) const { return channel >> group_shift; }

  __device__ __forceinline__ float origin(const T* batch, int group) const {
    return to_float(__ldg(batch + (group << group_shift)));
  }
};

template <typename T>
__global__ void __launch_bounds__(kChannelsLastThreads)
    group_norm_channels_last_stats_kernel(const ChannelsLast<T> a) {
  using Channels = Vec<T, kChannelLanes>;
  constexpr int kWarps = kChannelsLastThreads / 32;
  __shared__ float sums[kWarps][kChannelBlock], squares[kWarps][kChannelBlock];
  const int thread = static_cast<int>(threadIdx.x), lane = thread % 32, warp = thread / 32;
  const int block = static_cast<int>(blockIdx.x) * kChannelBlock;
  const int channel = block + thread % kBlockVectors * kChannelLanes;
  const bool active = channel < a.channels;
  const T* const batch = a.x + blockIdx.z * a.batch_stride;
  const int begin = static_cast<int>(blockIdx.y) * a.range, end = min(begin + a.range, a.positions);

  GroupSums of_channel[kChannelLanes];
  if (active) {
    float origins[kChannelLanes];
#pragma unroll
    for (int j = 0; j < kChannelLanes; ++j) origins[j] = a.origin(batch, a.group_of(channel + j));
    for (int p = begin + thread / kBlockVectors; p < end; p += kStatsPositions * kStatsInFlight) {
      Channels x[kStatsInFlight];
#pragma unroll
      for (int k = 0; k < kStatsInFlight; ++k) {
        const int position = p + k * kStatsPositions;
        if (position < end) x[k] = load_stream<Caching::kDefault, kChannelLanes>(batch + position * a.pitch + channel);
      }
#pragma unroll
      for (int k = 0; k < kStatsInFlight; ++k) {
        if (p + k * kStatsPositions < end) {
#pragma unroll
          for (int j = 0; j < kChannelLanes; ++j) of_channel[j].add(to_float(x[k][j]), origins[j]);
        }
      }
    }
  }
  // Lanes with the same channels are kBlockVectors apart.
#pragma unroll
  for (int j = 0; j < kChannelLanes; ++j) {
#pragma unroll
    for (int offset = kBlockVectors; offset < 32; offset *= 2) {
      of_channel[j].sum += __shfl_xor_sync(0xffffffffu, of_channel[j].sum, offset);
      of_channel[j].squares += __shfl_xor_sync(0xffffffffu, of_channel[j].squares, offset);
    }
    if (lane < kBlockVectors) {
      sums[warp][lane * kChannelLanes + j] = of_channel[j].sum;
      squares[warp][lane * kChannelLanes + j] = of_channel[j].squares;
    }
  }
  __syncthreads();
  if (thread < kChannelBlock) {
    float sum = 0.0f, square = 0.0f;
#pragma unroll
    for (int w = 0; w < kWarps; ++w) {
      sum += sums[w][thread];
      square += squares[w][thread];
    }
    sums[0][thread] = sum;
    squares[0][thread] = square;
  }
  __syncthreads();
  const int group = a.group_of(block) + thread;
  if (thread < kChannelBlock >> a.group_shift && group < a.groups) {
    float sum = 0.0f, square = 0.0f;
    for (int c = thread << a.group_shift; c < (thread + 1) << a.group_shift; ++c) {
      sum += sums[0][c];
      square += squares[0][c];
    }
    const int64_t row = int64_t{blockIdx.z} * a.groups + group;
    a.partials[row * a.ranges + blockIdx.y] = make_float2(sum, square);
  }
}

// A warp has 4 vectors of 8 channels at 16 positions, two of them a lane: two adjacent positions of a channel are one
// word of shared memory, and rows are an odd number of words apart, so that neither side has bank conflicts.
template <typename T, int kPositions>
__global__ void __launch_bounds__(kChannelsLastThreads, kApplyBlocks<T>) group_norm_channels_last_apply_kernel(
    const ChannelsLast<T> a) {
  using Channels = Vec<T, kChannelLanes>;
  constexpr int kAtOnce = 64;  // positions that the block's warps load at once
  constexpr int kTurns = kPositions / kAtOnce, kRow = kPositions + 2;
  constexpr int kRuns = kPositions / kChannelLanes;  // stores of 16 B a channel
  static_assert(kTurns * kAtOnce == kPositions && kRuns % 8 == 0);
  __shared__ __align__(16) T tile[kChannelBlock][kRow];
  __shared__ GroupMoments moments[kChannelBlock];

  const int thread = static_cast<int>(threadIdx.x), lane = thread % 32, warp = thread / 32;
  const int channel_blocks = (a.channels + kChannelBlock - 1) / kChannelBlock;
  const int linear = static_cast<int>(gridDim.x - 1 - blockIdx.x);
  const int batch_index = static_cast<int>(gridDim.z - 1 - blockIdx.z);
  const int block = linear % channel_blocks * kChannelBlock;
  const int in_block = warp % 2 * 32 + lane % 4 * kChannelLanes;
  const int channel = block + in_block, first = warp / 2 * 16 + lane / 4 * 2;
  const bool active = channel < a.channels;
  const T* const batch = a.x + batch_index * a.batch_stride;
  int begin = linear / channel_blocks * a.tiles_per_block * kPositions;
  const int end = min(begin + a.tiles_per_block * kPositions, a.positions);

  Channels x[kTurns][2];
  const auto load_tile = [&] {
#pragma unroll
    for (int t = 0; t < kTurns; ++t) {
#pragma unroll
      for (int pair = 0; pair < 2; ++pair) {
        const int position = begin + t * kAtOnce + first + pair;
        x[t][pair] = active && position < end
                         ? load_stream<Caching::kEvictFirst, kChannelLanes>(batch + position * a.pitch + channel)
                         : Channels::filled(from_float<T>(0.0f));
      }
    }
  };
  load_tile();

  const int first_group = a.group_of(block);
  const int groups = min(kChannelBlock >> a.group_shift, a.groups - first_group);
  for (int g = warp; g < groups; g += kChannelsLastThreads / 32) {
    const int64_t row = int64_t{batch_index} * a.groups + first_group + g;
    double totals[2] = {0.0, 0.0};
    for (int i = lane; i < a.ranges; i += 32) {
      const float2 partial = a.partials[row * a.ranges + i];
      totals[0] += static_cast<double>(partial.x);
      totals[1] += static_cast<double>(partial.y);
    }
    warp_reduce(totals, Sum{});
    const int elements = a.positions << a.group_shift;
    if (lane == 0) {
      moments[g] = moments_of(totals[0], totals[1], a.origin(batch, first_group + g), elements, a.eps);
    }
  }
  __syncthreads();
  ChannelAffine<T> affine[kChannelLanes] = {};
  if (active) {
#pragma unroll
    for (int j = 0; j < kChannelLanes; ++j) {
      affine[j] = ChannelAffine<T>::of(moments[a.group_of(in_block + j)], to_float(__ldg(a.weight + channel + j)),
                                       to_float(__ldg(a.bias + channel + j)));
    }
  }

  T* const out = a.out + (int64_t{batch_index} * a.channels + block) * a.positions;
  const int rows = min(kChannelBlock, a.channels - block);
  while (begin < end) {
#pragma unroll
    for (int t = 0; t < kTurns; ++t) {
#pragma unroll
      for (int j = 0; j < kChannelLanes; ++j) {
        Vec<float, 2> pair;
        pair[0] = normalise_silu(x[t][0][j], affine[j]);
        pair[1] = normalise_silu(x[t][1][j], affine[j]);
        from_float<T>(pair).store(&tile[in_block + j][t * kAtOnce + first]);
      }
    }
    __syncthreads();
    const int written = begin;
    begin += kPositions;
    if (begin < end) load_tile();
    if (a.stores_vectors) {
      // A warp stores 128 B of four channels.
#pragma unroll
      for (int item = thread; item < kChannelBlock * kRuns; item += kChannelsLastThreads) {
        const int group_of_items = item / 32;
        const int c = group_of_items / (kRuns / 8) * 4 + item % 4;
        const int run = (group_of_items % (kRuns / 8) * 8 + item % 32 / 4) * kChannelLanes;
        if (c < rows && written + run < end) {
          Channels y;
#pragma unroll
          for (int j = 0; j < kChannelLanes; j += 2) {
            const auto pair = Vec<T, 2>::load(&tile[c][run + j]);
            y[j] = pair[0];
            y[j + 1] = pair[1];
          }
          store_stream<Caching::kEvictFirst>(out + int64_t{c} * a.positions + written + run, y);
        }
      }
    } else {
      for (int item = thread; item < kChannelBlock * kPositions; item += kChannelsLastThreads) {
        const int c = item / kPositions, position = item % kPositions;
        const int to = written + position;
        if (c < rows && to < end) out[int64_t{c} * a.positions + to] = tile[c][position];
      }
    }
    __syncthreads();
  }
}

}  // namespace kda::group_norm
