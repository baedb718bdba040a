// group_norm_dispatch.cuh: which kernels serve a call of group_norm_silu, their launches, and its record. Host code.
#pragma once

#include "kda/group_norm_call.cuh"
#include "kda/group_norm_channels_last.cuh"
#include "kda/group_norm_group.cuh"
#include "kda/group_norm_on_chip.cuh"
#include "kda/group_norm_split.cuh"
#include "kda/group_norm_strided.cuh"
#include "kda/launch.cuh"
#include "kda/route.cuh"

namespace kda::group_norm {

enum class Bucket { kEmpty, kOnChip, kGroup, kSplit, kSplitElements, kChannelsLast, kStrided };

constexpr int64_t kAlignment = 16;  // bytes
constexpr int64_t kMaxGridYZ = 65535;
// Bytes of a group that one block still takes: 1024 threads of four vectors (a guess: no GPU has timed it).
constexpr int64_t kGroupBytes = 64 * 1024;
// Blocks from which on chunks are not made smaller: about four an SM of 132 to 148 (a guess).
constexpr int64_t kEnoughBlocks = 576;
constexpr int kElementsInFlight = 32;  // loads of a thread of the split kernels by elements

inline int64_t at_most(int64_t value, int64_t limit) { return value < limit ? value : limit; }
inline int64_t at_least(int64_t value, int64_t limit) { return value > limit ? value : limit; }

inline bool is_aligned(const void* data) { return reinterpret_cast<uintptr_t>(data) % kAlignment == 0; }

// The stride between positions where space is one run of them; a single position has none.
inline bool has_pitch(const GroupNormCall& call) { return call.space.dims <= 1; }
inline int64_t pitch(const GroupNormCall& call) { return call.space.dims == 0 ? 0 : call.space.strides[0]; }

inline bool takes_channels_last(const GroupNormCall& call) {
  return call.element_bytes == 2 && call.channel_stride == 1 && has_pitch(call) && pitch(call) % kChannelLanes == 0 &&
         call.channels() % kChannelLanes == 0 && kChannelBlock % call.group_channels == 0 &&
         (call.batch == 1 || call.batch_stride % kChannelLanes == 0) && is_aligned(call.x);
}

inline bool takes_vectors(const GroupNormCall& call) {
  return call.group_elements() * call.element_bytes % kAlignment == 0 && is_aligned(call.x) && is_aligned(call.out);
}

// For calls whose x does not stay on the chip.
inline Bucket bucket_off_chip(const GroupNormCall& call) {
  if (!call.is_dense) return takes_channels_last(call) ? Bucket::kChannelsLast : Bucket::kStrided;
  const bool is_small = call.group_elements() * call.element_bytes <= kGroupBytes;
  if (is_small) return takes_vectors(call) ? Bucket::kGroup : Bucket::kStrided;
  if (call.rows() > kMaxGridYZ) return Bucket::kStrided;
  return takes_vectors(call) ? Bucket::kSplit : Bucket::kSplitElements;
}

// The one decision. Pointers that are not known yet count as aligned.
inline Bucket bucket_of(const GroupNormCall& call) {
  if (call.is_empty()) return Bucket::kEmpty;
  return plan_on_chip(call).kind != OnChip::kNone ? Bucket::kOnChip : bucket_off_chip(call);
}

// Vectors of 16 B a thread of the split kernels: 8, or fewer where that leaves too few blocks.
inline int split_vectors(const GroupNormCall& call) {
  int vectors = 8;
  while (vectors > 1 &&
         call.rows() * ceil_div(call.group_elements() * call.element_bytes, kSplitThreads * vectors * kAlignment) <
             kEnoughBlocks) {
    vectors /= 2;
  }
  return vectors;
}

// Elements of a chunk.
inline int64_t split_chunk(const GroupNormCall& call, Bucket bucket) {
  return bucket == Bucket::kSplit ? kSplitThreads * split_vectors(call) * kAlignment / call.element_bytes
                                  : kSplitThreads * kElementsInFlight;
}

inline int64_t channel_blocks(const GroupNormCall& call) { return ceil_div(call.channels(), kChannelBlock); }

// Positions of a block of the stats kernel: enough blocks, but no more ranges than the apply kernel's blocks, each of
// which adds them up, can read in little time.
inline int64_t stats_range(const GroupNormCall& call) {
  constexpr int64_t kLeast = kStatsPositions * kStatsInFlight, kMostRanges = 256;
  const int64_t wanted = ceil_div(2 * kEnoughBlocks, channel_blocks(call) * call.batch);
  const int64_t ranges = at_most(at_most(wanted, kMostRanges), ceil_div(call.positions, kLeast));
  return ceil_div(ceil_div(call.positions, ranges), kStatsPositions) * kStatsPositions;
}

inline int64_t partials_of(const GroupNormCall& call, Bucket bucket) {
  switch (bucket) {
    case Bucket::kSplit:
    case Bucket::kSplitElements:
      return call.rows() * ceil_div(call.group_elements(), split_chunk(call, bucket));
    case Bucket::kChannelsLast:
      return call.rows() * ceil_div(call.positions, stats_range(call));
    default:
      return 0;
  }
}

// Called with pointers or without: room for whatever bucket their alignment leads to.
inline size_t workspace_bytes(const GroupNormCall& call) {
  if (call.is_empty()) return 0;
  const Bucket bucket = bucket_off_chip(call);
  int64_t words = at_least(plan_on_chip(call).mailboxes(call), partials_of(call, bucket));
  if (bucket == Bucket::kSplit) words = at_least(words, partials_of(call, Bucket::kSplitElements));
  static_assert(sizeof(float2) == sizeof(unsigned long long), "a partial and a mailbox are one word");
  return static_cast<size_t>(words) * sizeof(float2);
}

template <typename T>
DenseGroups<T> dense_groups(const GroupNormCall& call) {
  return {reinterpret_cast<const T*>(call.x),
          static_cast<const T*>(call.weight),
          static_cast<const T*>(call.bias),
          static_cast<T*>(call.out),
          static_cast<int>(call.group_elements()),
          static_cast<int>(call.groups),
          static_cast<int>(call.group_channels),
          FastDivide::by(call.positions),
          call.eps};
}

template <typename T>
bool has_whole_vectors(const GroupNormCall& call) {
  return call.positions % kLanes<T> == 0;
}

template <typename T, int kThreads, int kVectors>
cudaError_t launch_group(const GroupNormCall& call, void* stream) {
  const dim3 grid(static_cast<unsigned>(call.rows()));
  return has_whole_vectors<T>(call)
             ? launch(group_norm_group_kernel<T, kThreads, kVectors, true>, grid, dim3(kThreads), 0, stream,
                      dense_groups<T>(call))
             : launch(group_norm_group_kernel<T, kThreads, kVectors, false>, grid, dim3(kThreads), 0, stream,
                      dense_groups<T>(call));
}

template <typename T>
cudaError_t launch_group(const GroupNormCall& call, void* stream) {
  const int64_t vectors = call.group_elements() / kLanes<T>;
  if (vectors <= 128) return launch_group<T, 128, 1>(call, stream);
  if (vectors <= 256) return launch_group<T, 256, 1>(call, stream);
  if (vectors <= 512) return launch_group<T, 512, 1>(call, stream);
  if (vectors <= 1024) return launch_group<T, 512, 2>(call, stream);
  if (vectors <= 2048) return launch_group<T, 1024, 2>(call, stream);
  return launch_group<T, 1024, 4>(call, stream);
}

template <typename T, int N, int kVectors>
cudaError_t launch_split(const GroupNormCall& call, float2* partials, void* stream) {
  const SplitGroups<T> split = {dense_groups<T>(call), partials};
  const dim3 grid(static_cast<unsigned>(ceil_div(call.group_elements(), kSplitChunk<N, kVectors>)),
                  static_cast<unsigned>(call.rows()));
  const cudaError_t status =
      launch(group_norm_split_stats_kernel<T, N, kVectors>, grid, dim3(kSplitThreads), 0, stream, split);
  if (status != cudaSuccess) return status;
  return call.positions % N == 0 ? launch(group_norm_split_apply_kernel<T, N, kVectors, true>, grid,
                                          dim3(kSplitThreads), 0, stream, split)
                                 : launch(group_norm_split_apply_kernel<T, N, kVectors, false>, grid,
                                          dim3(kSplitThreads), 0, stream, split);
}

template <typename T>
cudaError_t launch_split(const GroupNormCall& call, float2* partials, void* stream) {
  switch (split_vectors(call)) {
    case 8:
      return launch_split<T, kLanes<T>, 8>(call, partials, stream);
    case 4:
      return launch_split<T, kLanes<T>, 4>(call, partials, stream);
    case 2:
      return launch_split<T, kLanes<T>, 2>(call, partials, stream);
    default:
      return launch_split<T, kLanes<T>, 1>(call, partials, stream);
  }
}

template <typename T>
cudaError_t launch_channels_last(const GroupNormCall& call, float2* partials, void* stream) {
  const int64_t blocks = channel_blocks(call), range = stats_range(call), ranges = ceil_div(call.positions, range);
  // Tiles are small where large ones would leave SMs idle, and a block takes several where adding up the partials
  // would otherwise be much of its work.
  const bool is_wide = blocks * ceil_div(call.positions, 128) * call.batch >= kEnoughBlocks / 2;
  const int64_t tiles = ceil_div(call.positions, is_wide ? 128 : 64);
  const int64_t partial_bytes = at_most(kChannelBlock / call.group_channels, call.groups) * ranges * sizeof(float2);
  const int64_t tiles_per_block = at_least(
      1, at_most(ceil_div(partial_bytes, 8192), tiles * blocks * call.batch / kEnoughBlocks));
  ChannelsLast<T> a = {};
  a.x = reinterpret_cast<const T*>(call.x);
  a.weight = static_cast<const T*>(call.weight);
  a.bias = static_cast<const T*>(call.bias);
  a.out = static_cast<T*>(call.out);
  a.partials = partials;
  a.batch_stride = call.batch_stride;
  a.pitch = pitch(call);
  a.positions = static_cast<int>(call.positions);
  a.channels = static_cast<int>(call.channels());
  a.groups = static_cast<int>(call.groups);
  while (1 << a.group_shift < call.group_channels) ++a.group_shift;
  a.ranges = static_cast<int>(ranges);
  a.range = static_cast<int>(range);
  a.tiles_per_block = static_cast<int>(tiles_per_block);
  a.stores_vectors = call.positions % kChannelLanes == 0 && is_aligned(call.out);
  a.eps = call.eps;
  const dim3 stats_grid(static_cast<unsigned>(blocks), static_cast<unsigned>(ranges),
                        static_cast<unsigned>(call.batch));
  const cudaError_t status =
      launch(group_norm_channels_last_stats_kernel<T>, stats_grid, dim3(kChannelsLastThreads), 0, stream, a);
  if (status != cudaSuccess) return status;
  const dim3 grid(static_cast<unsigned>(blocks * ceil_div(tiles, tiles_per_block)), 1,
                  static_cast<unsigned>(call.batch));
  return is_wide
             ? launch(group_norm_channels_last_apply_kernel<T, 128>, grid, dim3(kChannelsLastThreads), 0, stream, a)
             : launch(group_norm_channels_last_apply_kernel<T, 64>, grid, dim3(kChannelsLastThreads), 0, stream, a);
}

template <typename T>
cudaError_t launch_strided(const GroupNormCall& call, void* stream) {
  StridedGroups<T> a = {dense_groups<T>(call), call.batch_stride, call.channel_stride, {}, {}};
  const int missing = kStridedSpaceDims - call.space.dims;
  for (int dim = 0; dim < kStridedSpaceDims; ++dim) {
    a.sizes[dim] = FastDivide::by(dim < missing ? 1 : call.space.sizes[dim - missing]);
    a.strides[dim] = dim < missing ? 0 : call.space.strides[dim - missing];
  }
  return launch(group_norm_strided_kernel<T>, dim3(static_cast<unsigned>(call.rows())), dim3(kStridedThreads), 0,
                stream, a);
}

template <typename T>
cudaError_t launch_as(const GroupNormCall& call, float2* partials, void* stream) {
  switch (bucket_of(call)) {
    case Bucket::kEmpty:
      return cudaSuccess;
    case Bucket::kOnChip:
      if constexpr (sizeof(T) == 2) return launch_on_chip<T>(call, plan_on_chip(call), partials, stream);
      [[fallthrough]];
    case Bucket::kGroup:
      return launch_group<T>(call, stream);
    case Bucket::kSplit:
      return launch_split<T>(call, partials, stream);
    case Bucket::kSplitElements:
      return launch_split<T, 1, kElementsInFlight>(call, partials, stream);
    case Bucket::kChannelsLast:
      if constexpr (sizeof(T) == 2) return launch_channels_last<T>(call, partials, stream);
      [[fallthrough]];
    default:
      return launch_strided<T>(call, stream);
  }
}

inline int32_t launch_call(const GroupNormCall& call, void* workspace, void* stream) {
  float2* const partials = static_cast<float2*>(workspace);
  if (call.element_bytes == 4) return status_of(launch_as<float>(call, partials, stream));
  return status_of(call.dtype.code == KDA_BFLOAT ? launch_as<__nv_bfloat16>(call, partials, stream)
                                                 : launch_as<__half>(call, partials, stream));
}

inline int32_t describe_on_chip(const OnChipPlan& plan, KdaRoute* route) {
  switch (plan.kind) {
    case OnChip::kClusters:
      return describe(route, "clusters", "16-bit dense x of up to 145 KiB an SM", "group_norm_clusters_kernel",
                      "a group in the shared memory of one block or of a cluster of 8; x is read once");
    case OnChip::kTeams:
      return describe(route, "teams", "16-bit dense x beyond that, while the SMs together hold a group",
                      "group_norm_teams_kernel",
                      "groups pass through the shared memory of teams of SMs; x is read once");
    case OnChip::kColumns:
      return describe(route, "columns", "16-bit channels-last x of up to 68 KiB an SM; groups of 8, 16 or 32 channels",
                      "group_norm_columns_kernel", "a group's columns in the shared memory of a cluster; read once");
    default:
      return describe(route, "positions", "16-bit channels-last x beyond that; one batch, groups of whole fours",
                      "group_norm_positions_kernel",
                      "all SMs keep what fits of x, and read the rest again, latest first");
  }
}

inline int32_t describe_call(const GroupNormCall& call, KdaRoute* route) {
  switch (bucket_of(call)) {
    case Bucket::kEmpty:
      return describe(route, "empty", "no elements", "none", "nothing to normalise");
    case Bucket::kOnChip:
      return describe_on_chip(plan_on_chip(call), route);
    case Bucket::kGroup:
      return describe(route, "group", "dense x, groups of up to 64 KiB and whole 16 B, 16 B aligned",
                      "group_norm_group_kernel", "a group in the registers of one block: one read, one launch");
    case Bucket::kSplit:
      return describe(route, "split", "dense x, larger groups of whole 16 B, 16 B aligned",
                      "group_norm_split_apply_kernel",
                      "chunks over all SMs; the second kernel goes in reverse and meets what is left in L2");
    case Bucket::kSplitElements:
      return describe(route, "split_elements", "dense x, groups above 64 KiB off 16 B",
                      "group_norm_split_apply_kernel", "as split, one element an access");
    case Bucket::kChannelsLast:
      return describe(route, "channels_last_split",
                      "16-bit x, channels dense, one pitch between positions, group channels a power of two up to 64",
                      "group_norm_channels_last_apply_kernel",
                      "reads x as it lies, no copy before; tiles transposed through shared memory");
    default:
      return describe(route, "strided", "other strides, f32 channels-last, or small groups off 16 B",
                      "group_norm_strided_kernel", "a block a group, one element an access");
  }
}

}  // namespace kda::group_norm
