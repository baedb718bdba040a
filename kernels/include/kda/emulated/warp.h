// Where the lanes of a warp meet: each deposits a value, and the last to arrive works out what every lane gets.
#ifndef KDA_EMULATED_WARP_H
#define KDA_EMULATED_WARP_H

#include "kda/emulated/block.h"

namespace kda::emulated {

// What a shuffle returns that reads a lane which does not take part; CUDA leaves it undefined. As a float, a NaN.
inline constexpr uint64_t kUndefinedBits = ~uint64_t{0};

inline uint64_t combine(Wait wait, uint64_t a, uint64_t b) {
  const auto signed_bits = [](uint64_t bits) { return static_cast<int32_t>(bits); };
  const auto unsigned_bits = [](uint64_t bits) { return static_cast<uint32_t>(bits); };
  switch (wait) {
    case Wait::kReduceAdd:
      return unsigned_bits(a + b);
    case Wait::kReduceMinSigned:
      return signed_bits(a) < signed_bits(b) ? a : b;
    case Wait::kReduceMaxSigned:
      return signed_bits(a) > signed_bits(b) ? a : b;
    case Wait::kReduceMinUnsigned:
      return unsigned_bits(a) < unsigned_bits(b) ? a : b;
    case Wait::kReduceMaxUnsigned:
      return unsigned_bits(a) > unsigned_bits(b) ? a : b;
    case Wait::kReduceAnd:
      return a & b;
    case Wait::kReduceOr:
      return a | b;
    default:
      return a ^ b;
  }
}

// The one result that a vote or a reduction gives to all its lanes.
inline uint64_t common_result(const Warp& warp, const WarpGroup& group) {
  uint32_t ballot = 0;
  for (uint32_t lanes = group.arrived; lanes != 0; lanes &= lanes - 1) {
    const int lane = __builtin_ctz(lanes);
    if (warp.deposit[lane] != 0) ballot |= 1u << lane;
  }
  switch (group.wait) {
    case Wait::kSyncwarp:
      return 0;
    case Wait::kBallot:
      return ballot;
    case Wait::kAny:
      return ballot != 0;
    case Wait::kAll:
      return ballot == group.arrived;
    default:
      break;
  }
  uint32_t lanes = group.arrived;
  uint64_t result = warp.deposit[__builtin_ctz(lanes)];
  for (lanes &= lanes - 1; lanes != 0; lanes &= lanes - 1) {
    result = combine(group.wait, result, warp.deposit[__builtin_ctz(lanes)]);
  }
  return result;
}

inline void compute_results(Warp& warp, const WarpGroup& group) {
  const uint32_t arrived = group.arrived;
  switch (group.wait) {
    case Wait::kShfl:
    case Wait::kShflUp:
    case Wait::kShflDown:
    case Wait::kShflXor:
      for (uint32_t lanes = arrived; lanes != 0; lanes &= lanes - 1) {
        const int lane = __builtin_ctz(lanes);
        const int source = warp.source[lane];
        warp.result[lane] = (arrived >> source & 1) != 0 ? warp.deposit[source] : kUndefinedBits;
      }
      break;
    case Wait::kMatchAny:
      for (uint32_t lanes = arrived; lanes != 0; lanes &= lanes - 1) {
        const int lane = __builtin_ctz(lanes);
        uint32_t equal = 0;
        for (uint32_t others = arrived; others != 0; others &= others - 1) {
          const int other = __builtin_ctz(others);
          if (warp.deposit[other] == warp.deposit[lane]) equal |= 1u << other;
        }
        warp.result[lane] = equal;
      }
      break;
    default: {
      const uint64_t result = common_result(warp, group);
      for (uint32_t lanes = arrived; lanes != 0; lanes &= lanes - 1) warp.result[__builtin_ctz(lanes)] = result;
    }
  }
}

// Wakes the lanes of a group that is complete. `running` is the lane that completed it and does not wait, as a bit.
inline bool release_if_complete(BlockState& block, Warp& warp, unsigned index, uint32_t running) {
  WarpGroup& group = warp.groups[index];
  if ((group.mask & ~warp.exited & ~group.arrived) != 0) return false;
  compute_results(warp, group);
  for (uint32_t lanes = group.arrived & ~running; lanes != 0; lanes &= lanes - 1) {
    block.ready.push(warp.waiting[__builtin_ctz(lanes)]);
  }
  warp.groups[index] = warp.groups[--warp.num_groups];
  return true;
}

// Meets the lanes of `mask` that have not exited, and returns this lane's result.
__attribute__((noinline)) inline uint64_t meet_lanes(Wait wait, uint32_t mask, uint64_t value, unsigned source) {
  BlockState& b = block();
  Warp& warp = b.warps[b.linear / kWarpSize];
  const unsigned lane = b.linear % kWarpSize;
  const uint32_t bit = 1u << lane;
  if ((mask & bit) == 0) {
    fail_block(b, "lane %u of thread (%u,%u,%u) calls %s with mask 0x%08x, which lacks that lane", lane, b.thread_idx.x,
               b.thread_idx.y, b.thread_idx.z, wait_name(wait), mask);
  }
  warp.deposit[lane] = value;
  warp.source[lane] = static_cast<uint8_t>(source);
  unsigned index = 0;
  while (index < warp.num_groups && (warp.groups[index].mask != mask || warp.groups[index].wait != wait)) ++index;
  if (index == warp.num_groups) warp.groups[warp.num_groups++] = WarpGroup{wait, mask, 0};
  warp.groups[index].arrived |= bit;
  if (!release_if_complete(b, warp, index, bit)) {
    warp.waiting[lane] = b.current;
    suspend_thread(b, wait, mask);
  }
  return warp.result[lane];
}

// A thread that ends counts as arrived wherever others wait for it.
inline void exit_thread(BlockState& block) {
  Warp& warp = block.warps[block.linear / kWarpSize];
  warp.exited |= 1u << block.linear % kWarpSize;
  ++block.num_exited;
  for (unsigned i = warp.num_groups; i-- > 0;) release_if_complete(block, warp, i, 0);
  if (block.num_at_barriers != 0) {
    for (Barrier& barrier : block.barriers) {
      if (barrier.arrived != 0) release_if_complete(block, barrier);
    }
  }
}

}  // namespace kda::emulated

#endif
