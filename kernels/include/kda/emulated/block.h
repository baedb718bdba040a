// The block that a pool thread runs: its threads as fibers, its barriers, and what each thread waits at.
//
// A fiber starts the block's threads one after the other. One that never waits costs a function call; when one has to
// wait, its fiber is set aside with it and another fiber goes on with the threads that have not started.
#ifndef KDA_EMULATED_BLOCK_H
#define KDA_EMULATED_BLOCK_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "kda/emulated/fiber.h"
#include "kda/emulated/vector_types.h"

namespace kda::emulated {

inline constexpr unsigned kWarpSize = 32;
inline constexpr unsigned kMaxWarps = kMaxThreadsPerBlock / kWarpSize;

// What a thread can wait at. Operations of one kind only meet each other.
enum class Wait : uint8_t {
  kNothing,
  kSyncthreads,
  kSyncthreadsCount,
  kSyncthreadsAnd,
  kSyncthreadsOr,
  kClusterBarrier,
  kSyncwarp,
  kShfl,
  kShflUp,
  kShflDown,
  kShflXor,
  kBallot,
  kAny,
  kAll,
  kMatchAny,
  kReduceAdd,
  kReduceMinSigned,
  kReduceMaxSigned,
  kReduceMinUnsigned,
  kReduceMaxUnsigned,
  kReduceAnd,
  kReduceOr,
  kReduceXor,
};

inline const char* wait_name(Wait wait) {
  static constexpr const char* kNames[] = {
      "nothing",           "__syncthreads",     "__syncthreads_count", "__syncthreads_and", "__syncthreads_or",
      "cluster_sync",      "__syncwarp",        "__shfl_sync",         "__shfl_up_sync",    "__shfl_down_sync",
      "__shfl_xor_sync",   "__ballot_sync",     "__any_sync",          "__all_sync",        "__match_any_sync",
      "__reduce_add_sync", "__reduce_min_sync", "__reduce_max_sync",   "__reduce_min_sync", "__reduce_max_sync",
      "__reduce_and_sync", "__reduce_or_sync",  "__reduce_xor_sync",
  };
  return kNames[static_cast<unsigned>(wait)];
}

struct ThreadFiber : Fiber {
  uint3 thread_idx{};
  unsigned linear = 0;  // the thread's number in the block
  Wait wait = Wait::kNothing;
  uint32_t wait_mask = 0;  // of a warp operation
};

struct FiberList {
  Fiber* head = nullptr;
  Fiber* tail = nullptr;

  void push(Fiber* fiber) {
    fiber->next = nullptr;
    if (head == nullptr) {
      head = fiber;
    } else {
      tail->next = fiber;
    }
    tail = fiber;
  }
  Fiber* pop() {
    Fiber* const fiber = head;
    if (fiber != nullptr) head = fiber->next;
    return fiber;
  }
  void take_all(FiberList& from) {
    if (from.head == nullptr) return;
    if (head == nullptr) {
      head = from.head;
    } else {
      tail->next = from.head;
    }
    tail = from.tail;
    from.head = nullptr;
  }
};

struct Barrier {
  FiberList waiting;
  unsigned arrived = 0;
  unsigned trues = 0;  // threads that arrived with a true predicate
  unsigned completed_arrived = 0;
  unsigned completed_trues = 0;
};

// Lanes that wait at one warp operation.
struct WarpGroup {
  Wait wait;
  uint32_t mask;
  uint32_t arrived;
};

struct Warp {
  uint32_t exited;  // lanes that have exited or never existed
  uint32_t num_groups;
  WarpGroup groups[kWarpSize];
  uint64_t deposit[kWarpSize];
  uint64_t result[kWarpSize];
  uint8_t source[kWarpSize];  // the lane whose deposit a shuffle asks for
  ThreadFiber* waiting[kWarpSize];
};

struct Launch;
class Gang;

// The header of a region. Only the pool thread that owns it touches it.
struct BlockState {
  uint3 thread_idx;
  unsigned linear;  // the running thread's number in the block
  uint3 block_idx;
  dim3 block_dim;
  dim3 grid_dim;
  unsigned char* dynamic_smem;
  const Launch* launch;

  unsigned num_threads;
  unsigned num_started;
  bool tracks_exits;    // set by the first thread of the block that meets others
  unsigned num_exited;  // once tracked, as are the warps
  uint3 next_idx;
  ThreadFiber* current;
  FiberList ready;
  FiberList idle;  // fibers that run no thread
  Barrier barriers[5];
  unsigned num_at_barriers;

  Launch* shared_launch;  // what all pool threads share of the launch
  uint64_t next_block, end_block;
  Gang* gang;           // of blocks that run at the same time, or NULL
  unsigned gang_rank;   // this block's place in it
  uint64_t gang_round;  // of the gang's blocks, how many have started
  uint64_t smem_capacity;
  unsigned num_fibers;
  bool abandoned;  // the block ended in a failure and left its fibers as they were
  Fiber root;      // the pool thread's own stack
#if defined(__SANITIZE_ADDRESS__)
  Fiber* switched_from;
#endif
  Warp warps[kMaxWarps];
  ThreadFiber fibers[kMaxThreadsPerBlock];
};

__attribute__((always_inline)) inline BlockState& block() { return *static_cast<BlockState*>(current_region()); }

__attribute__((always_inline)) inline void* dynamic_smem() { return block().dynamic_smem; }

// Ends the launch with this message. The block's other threads are abandoned where they stand.
[[noreturn]] void fail_block(BlockState& block, const char* format, ...) __attribute__((format(printf, 2, 3)));
[[noreturn]] void fail_deadlock(BlockState& block);
// Returns when the other blocks of the cluster have met this one.
void meet_gang(BlockState& block);
ThreadFiber* idle_fiber(BlockState& block);

inline void switch_fiber([[maybe_unused]] BlockState& block, Fiber& from, Fiber& to) {
#if defined(__SANITIZE_ADDRESS__)
  block.switched_from = &from;
  __sanitizer_start_switch_fiber(&from.fake_stack, to.stack_bottom, to.stack_bytes);
#endif
  switch_stack(&from.stack_pointer, to.stack_pointer);
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(from.fake_stack, nullptr, nullptr);
#endif
}

// Sets the running thread aside until whoever it waits for puts it on the ready list.
inline void suspend_thread(BlockState& block, Wait wait, uint32_t mask) {
  ThreadFiber& self = *block.current;
  self.thread_idx = block.thread_idx;
  self.linear = block.linear;
  self.wait = wait;
  self.wait_mask = mask;
  Fiber* next = block.ready.pop();
  if (next == nullptr) {
    if (block.num_started == block.num_threads) fail_deadlock(block);
    next = idle_fiber(block);
  }
  block.current = static_cast<ThreadFiber*>(next);
  switch_fiber(block, self, *next);
  self.wait = Wait::kNothing;
  block.thread_idx = self.thread_idx;
  block.linear = self.linear;
}

// Before a block's first thread meets others, all threads before it have run to their ends, one after the other. So
// exits are recorded only from there on, and a block whose threads never meet pays nothing for them.
__attribute__((noinline)) inline void begin_tracking_exits(BlockState& block) {
  block.tracks_exits = true;
  block.num_exited = block.linear;
  const unsigned num_warps = (block.num_threads + kWarpSize - 1) / kWarpSize;
  const unsigned running_warp = block.linear / kWarpSize;
  for (unsigned i = 0; i < num_warps; ++i) {
    block.warps[i].exited = i < running_warp ? ~0u : 0;
    block.warps[i].num_groups = 0;
  }
  block.warps[running_warp].exited = (1u << block.linear % kWarpSize) - 1;
  // Lanes that the last warp lacks count as exited.
  if (block.num_threads % kWarpSize != 0) block.warps[num_warps - 1].exited |= ~0u << block.num_threads % kWarpSize;
}

// The running block, for a thread that is about to meet others.
__attribute__((always_inline)) inline BlockState& meeting_block() {
  BlockState& b = block();
  if (!b.tracks_exits) [[unlikely]] begin_tracking_exits(b);
  return b;
}

inline constexpr unsigned kClusterBarrierIndex =
    static_cast<unsigned>(Wait::kClusterBarrier) - static_cast<unsigned>(Wait::kSyncthreads);

inline bool release_if_complete(BlockState& block, Barrier& barrier) {
  if (barrier.arrived + block.num_exited != block.num_threads) return false;
  if (&barrier == &block.barriers[kClusterBarrierIndex]) meet_gang(block);
  block.num_at_barriers -= barrier.arrived;
  barrier.completed_arrived = barrier.arrived;
  barrier.completed_trues = barrier.trues;
  barrier.arrived = barrier.trues = 0;
  block.ready.take_all(barrier.waiting);
  return true;
}

// Waits until every thread of the block has arrived at a barrier of this kind or has exited.
__attribute__((noinline)) inline const Barrier& wait_at_barrier(Wait kind, bool predicate) {
  BlockState& b = meeting_block();
  Barrier& barrier = b.barriers[static_cast<unsigned>(kind) - static_cast<unsigned>(Wait::kSyncthreads)];
  ++b.num_at_barriers;
  ++barrier.arrived;
  barrier.trues += predicate ? 1 : 0;
  if (!release_if_complete(b, barrier)) {
    barrier.waiting.push(b.current);
    suspend_thread(b, kind, 0);
  }
  return barrier;
}

}  // namespace kda::emulated

#endif
