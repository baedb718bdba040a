// Built-in variables, barriers, shuffles, votes and warp reductions.
#ifndef KDA_EMULATED_WARP_INTRINSICS_H
#define KDA_EMULATED_WARP_INTRINSICS_H

#include <string.h>

#include <type_traits>

#include "kda/emulated/warp.h"

#define threadIdx (static_cast<const uint3&>(::kda::emulated::block().thread_idx))
#define blockIdx (static_cast<const uint3&>(::kda::emulated::block().block_idx))
#define blockDim (static_cast<const dim3&>(::kda::emulated::block().block_dim))
#define gridDim (static_cast<const dim3&>(::kda::emulated::block().grid_dim))
inline constexpr int warpSize = 32;

namespace kda::emulated {

// The 16-bit types opt in: a shuffle takes them and pairs of them too.
template <typename T>
inline constexpr bool kIsShuffled = std::is_arithmetic_v<T>;

// Other threads may write any memory while this one waits. The fence stands in the kernel itself, since the compiler
// may see that the functions called do not touch the kernel's shared variables.
__forceinline__ void compiler_fence() { asm volatile("" ::: "memory"); }

__forceinline__ const Barrier& sync_block(Wait kind, bool predicate) {
  compiler_fence();
  const Barrier& barrier = wait_at_barrier(kind, predicate);
  compiler_fence();
  return barrier;
}

__forceinline__ uint32_t lane_id() { return block().linear % kWarpSize; }

template <typename T>
__forceinline__ T shuffle(Wait kind, unsigned mask, T value, unsigned source) {
  static_assert(kIsShuffled<T>, "a shuffle takes 32-bit and 64-bit numbers, __half, __nv_bfloat16 and pairs of these");
  uint64_t bits = 0;
  memcpy(&bits, &value, sizeof(T));
  bits = meet_lanes(kind, mask, bits, source);
  memcpy(&value, &bits, sizeof(T));
  return value;
}

}  // namespace kda::emulated

__forceinline__ void __syncthreads() { kda::emulated::sync_block(kda::emulated::Wait::kSyncthreads, false); }
__forceinline__ int __syncthreads_count(int predicate) {
  using namespace kda::emulated;
  return static_cast<int>(sync_block(Wait::kSyncthreadsCount, predicate != 0).completed_trues);
}
__forceinline__ int __syncthreads_and(int predicate) {
  using namespace kda::emulated;
  const Barrier& barrier = sync_block(Wait::kSyncthreadsAnd, predicate != 0);
  return barrier.completed_trues == barrier.completed_arrived;
}
__forceinline__ int __syncthreads_or(int predicate) {
  using namespace kda::emulated;
  return sync_block(Wait::kSyncthreadsOr, predicate != 0).completed_trues != 0;
}

__forceinline__ void __syncwarp(unsigned mask = 0xffffffffu) {
  using namespace kda::emulated;
  compiler_fence();
  meet_lanes(Wait::kSyncwarp, mask, 0, 0);
  compiler_fence();
}

// The lanes that have not exited. CUDA promises no more: lanes that took another branch may or may not be among them.
__forceinline__ unsigned __activemask() {
  using namespace kda::emulated;
  const BlockState& b = block();
  return ~b.warps[b.linear / kWarpSize].exited;
}

// The source lanes are those of PTX's shfl.sync: segments of `width` lanes, and a lane whose source would lie outside
// its segment reads itself.
template <typename T>
__forceinline__ T __shfl_sync(unsigned mask, T value, int source, int width = 32) {
  using namespace kda::emulated;
  const unsigned w = static_cast<unsigned>(width);
  const unsigned from = (lane_id() & ~(w - 1)) | (static_cast<unsigned>(source) & (w - 1));
  return shuffle(Wait::kShfl, mask, value, from);
}
template <typename T>
__forceinline__ T __shfl_up_sync(unsigned mask, T value, unsigned delta, int width = 32) {
  using namespace kda::emulated;
  const unsigned lane = lane_id();
  const unsigned in_segment = lane & (static_cast<unsigned>(width) - 1);
  return shuffle(Wait::kShflUp, mask, value, delta > in_segment ? lane : lane - delta);
}
template <typename T>
__forceinline__ T __shfl_down_sync(unsigned mask, T value, unsigned delta, int width = 32) {
  using namespace kda::emulated;
  const unsigned lane = lane_id();
  const unsigned w = static_cast<unsigned>(width);
  const unsigned in_segment = lane & (w - 1);
  return shuffle(Wait::kShflDown, mask, value, delta >= w - in_segment ? lane : lane + delta);
}
template <typename T>
__forceinline__ T __shfl_xor_sync(unsigned mask, T value, int lane_mask, int width = 32) {
  using namespace kda::emulated;
  const unsigned lane = lane_id();
  const unsigned from = lane ^ (static_cast<unsigned>(lane_mask) & 31);
  // Segments before the lane's own may be read, segments after it not.
  const unsigned last = lane | (static_cast<unsigned>(width) - 1);
  return shuffle(Wait::kShflXor, mask, value, from > last ? lane : from);
}

__forceinline__ unsigned __ballot_sync(unsigned mask, int predicate) {
  using namespace kda::emulated;
  return static_cast<unsigned>(meet_lanes(Wait::kBallot, mask, predicate != 0, 0));
}
__forceinline__ int __any_sync(unsigned mask, int predicate) {
  using namespace kda::emulated;
  return static_cast<int>(meet_lanes(Wait::kAny, mask, predicate != 0, 0));
}
__forceinline__ int __all_sync(unsigned mask, int predicate) {
  using namespace kda::emulated;
  return static_cast<int>(meet_lanes(Wait::kAll, mask, predicate != 0, 0));
}
template <typename T>
__forceinline__ unsigned __match_any_sync(unsigned mask, T value) {
  using namespace kda::emulated;
  static_assert(sizeof(T) == 4 || sizeof(T) == 8);
  uint64_t bits = 0;
  memcpy(&bits, &value, sizeof(T));
  return static_cast<unsigned>(meet_lanes(Wait::kMatchAny, mask, bits, 0));
}

__forceinline__ unsigned __reduce_add_sync(unsigned mask, unsigned value) {
  using namespace kda::emulated;
  return static_cast<unsigned>(meet_lanes(Wait::kReduceAdd, mask, value, 0));
}
__forceinline__ int __reduce_add_sync(unsigned mask, int value) {
  return static_cast<int>(__reduce_add_sync(mask, static_cast<unsigned>(value)));
}
__forceinline__ unsigned __reduce_min_sync(unsigned mask, unsigned value) {
  using namespace kda::emulated;
  return static_cast<unsigned>(meet_lanes(Wait::kReduceMinUnsigned, mask, value, 0));
}
__forceinline__ int __reduce_min_sync(unsigned mask, int value) {
  using namespace kda::emulated;
  return static_cast<int>(meet_lanes(Wait::kReduceMinSigned, mask, static_cast<unsigned>(value), 0));
}
__forceinline__ unsigned __reduce_max_sync(unsigned mask, unsigned value) {
  using namespace kda::emulated;
  return static_cast<unsigned>(meet_lanes(Wait::kReduceMaxUnsigned, mask, value, 0));
}
__forceinline__ int __reduce_max_sync(unsigned mask, int value) {
  using namespace kda::emulated;
  return static_cast<int>(meet_lanes(Wait::kReduceMaxSigned, mask, static_cast<unsigned>(value), 0));
}
__forceinline__ unsigned __reduce_and_sync(unsigned mask, unsigned value) {
  using namespace kda::emulated;
  return static_cast<unsigned>(meet_lanes(Wait::kReduceAnd, mask, value, 0));
}
__forceinline__ unsigned __reduce_or_sync(unsigned mask, unsigned value) {
  using namespace kda::emulated;
  return static_cast<unsigned>(meet_lanes(Wait::kReduceOr, mask, value, 0));
}
__forceinline__ unsigned __reduce_xor_sync(unsigned mask, unsigned value) {
  using namespace kda::emulated;
  return static_cast<unsigned>(meet_lanes(Wait::kReduceXor, mask, value, 0));
}

// Programmatic dependent launch: emulated, the work before a grid has always ended when it starts.
__forceinline__ void cudaGridDependencySynchronize() {}
__forceinline__ void cudaTriggerProgrammaticLaunchCompletion() {}

#endif
