// How a pool thread runs blocks of a launch: the loop that every fiber is in, and how a launch fails.
#ifndef KDA_EMULATED_RUN_BLOCKS_H
#define KDA_EMULATED_RUN_BLOCKS_H

#include <cxxabi.h>
#include <stdarg.h>
#include <stdio.h>

#include <atomic>
#include <utility>

#include "kda/emulated/gang.h"
#include "kda/emulated/warp.h"

namespace kda::emulated {

inline constexpr size_t kMaxErrorBytes = 1024;
inline constexpr size_t kMaxReasonBytes = 640;  // leaves room for the kernel's name

struct Launch {
  void (*call_kernel)(const void* args);  // one thread
  const void* args;
  const char* name;  // mangled, as `kernel_name` gives it
  dim3 grid, block;
  dim3 gang = dim3(1, 1, 1);  // blocks that run at the same time: a cluster's, or the grid's of a cooperative launch
  bool is_cluster = false;
  uint64_t smem_bytes;

  uint64_t num_blocks = 0;
  uint64_t blocks_per_grab = 1;
  std::atomic<uint64_t> next_block{0};
  std::atomic<bool> failed{false};
  std::atomic<bool> error_taken{false};
  char error[kMaxErrorBytes] = {};

  // Called by a pool thread before it takes more blocks.
  void (*before_grab)(Launch& launch) = nullptr;
};

// Writes the first failure's message; later ones of other blocks are dropped.
inline void record_error(Launch& launch, const BlockState& block, const char* what) {
  if (launch.error_taken.exchange(true)) return;
  int status = 0;
  char* const demangled = abi::__cxa_demangle(launch.name, nullptr, nullptr, &status);
  snprintf(launch.error, sizeof(launch.error), "kernel `%.300s`, block (%u,%u,%u): %s",
           status == 0 ? demangled : launch.name, block.block_idx.x, block.block_idx.y, block.block_idx.z, what);
  free(demangled);
  launch.failed.store(true);
}

[[noreturn]] inline void abandon_block(BlockState& block) {
  block.abandoned = true;
  block.shared_launch->failed.store(true);
  if (block.gang != nullptr) block.gang->fail();
  switch_fiber(block, *block.current, block.root);
  __builtin_unreachable();
}

[[noreturn]] inline void fail_block(BlockState& block, const char* format, ...) {
  char what[kMaxReasonBytes];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(what, sizeof(what), format, arguments);
  va_end(arguments);
  record_error(*block.shared_launch, block, what);
  abandon_block(block);
}

// Every thread that has not exited waits, and nobody is left to wake one: says where they wait.
[[noreturn]] inline void fail_deadlock(BlockState& block) {
  struct Place {
    Wait wait;
    uint32_t mask;
    unsigned threads;
    unsigned first;  // the lowest thread's number
    uint3 first_idx;
  };
  constexpr unsigned kMaxPlaces = 6;
  Place places[kMaxPlaces];
  unsigned num_places = 0;
  bool more = false;
  for (unsigned i = 0; i < block.num_fibers; ++i) {
    const ThreadFiber& fiber = block.fibers[i];
    if (fiber.wait == Wait::kNothing) continue;
    unsigned at = 0;
    while (at < num_places && (places[at].wait != fiber.wait || places[at].mask != fiber.wait_mask)) ++at;
    if (at == kMaxPlaces) {
      more = true;
      continue;
    }
    if (at == num_places) places[num_places++] = Place{fiber.wait, fiber.wait_mask, 0, ~0u, {}};
    Place& place = places[at];
    ++place.threads;
    if (fiber.linear < place.first) {
      place.first = fiber.linear;
      place.first_idx = fiber.thread_idx;
    }
  }
  // Fibers take threads in no fixed order, and the message should not depend on it.
  for (unsigned i = 1; i < num_places; ++i) {
    for (unsigned j = i; j > 0 && places[j].first < places[j - 1].first; --j) std::swap(places[j], places[j - 1]);
  }
  char what[kMaxReasonBytes];
  int length = snprintf(what, sizeof(what), "deadlock: ");
  for (unsigned i = 0; i < num_places; ++i) {
    const Place& place = places[i];
    char mask[32] = "";
    if (place.wait >= Wait::kSyncwarp) snprintf(mask, sizeof(mask), " (mask 0x%08x)", place.mask);
    length += snprintf(what + length, sizeof(what) - static_cast<size_t>(length),
                       "%s%u of %u threads %s at %s%s, first (%u,%u,%u)", i == 0 ? "" : " while ", place.threads,
                       block.num_threads, place.threads == 1 ? "waits" : "wait", wait_name(place.wait), mask,
                       place.first_idx.x, place.first_idx.y, place.first_idx.z);
  }
  if (block.num_exited != 0) {
    length += snprintf(what + length, sizeof(what) - static_cast<size_t>(length), "; %u exited", block.num_exited);
  }
  if (more) snprintf(what + length, sizeof(what) - static_cast<size_t>(length), "; others wait elsewhere");
  fail_block(block, "%s", what);
}

inline void meet_gang(BlockState& block) {
  if (block.gang != nullptr && !block.gang->meet()) abandon_block(block);
}

// The block's place in its gang, and the gang's in the grid.
inline bool start_next_block_of_gang(BlockState& b) {
  const Launch& launch = *b.shared_launch;
  if (b.gang_round != 0 && !b.gang->end_round()) return false;
  const dim3& gang = launch.gang;
  const unsigned columns = launch.grid.x / gang.x, rows = launch.grid.y / gang.y;
  if (b.gang_round == uint64_t{columns} * rows * (launch.grid.z / gang.z)) return false;
  const uint64_t row = b.gang_round / columns;
  b.block_idx = {static_cast<unsigned>(b.gang_round % columns) * gang.x + b.gang_rank % gang.x,
                 static_cast<unsigned>(row % rows) * gang.y + b.gang_rank / gang.x % gang.y,
                 static_cast<unsigned>(row / rows) * gang.z + b.gang_rank / gang.x / gang.y};
  ++b.gang_round;
  return true;
}

// Takes the next block that no other pool thread has.
inline bool take_next_block(BlockState& b) {
  Launch& launch = *b.shared_launch;
  if (b.next_block == b.end_block) {
    if (launch.before_grab != nullptr) launch.before_grab(launch);
    b.next_block = launch.next_block.fetch_add(launch.blocks_per_grab, std::memory_order_relaxed);
    if (b.next_block >= launch.num_blocks) {
      b.next_block = b.end_block = 0;
      return false;
    }
    b.end_block = b.next_block + launch.blocks_per_grab;
    if (b.end_block > launch.num_blocks) b.end_block = launch.num_blocks;
    const uint64_t row = b.next_block / launch.grid.x;
    b.block_idx = {static_cast<unsigned>(b.next_block % launch.grid.x), static_cast<unsigned>(row % launch.grid.y),
                   static_cast<unsigned>(row / launch.grid.y)};
  } else if (++b.block_idx.x == launch.grid.x) {
    b.block_idx.x = 0;
    if (++b.block_idx.y == launch.grid.y) {
      b.block_idx.y = 0;
      ++b.block_idx.z;
    }
  }
  ++b.next_block;
  return true;
}

// Moves on to the next block, if the launch has one left and nothing has failed.
inline bool start_next_block(BlockState& b) {
  const Launch& launch = *b.shared_launch;
  if (launch.failed.load(std::memory_order_relaxed)) return false;
  if (!(b.gang != nullptr ? start_next_block_of_gang(b) : take_next_block(b))) return false;
  b.num_started = 0;
  b.tracks_exits = false;
  b.next_idx = {0, 0, 0};
  // Not what the last block left there: as a float, all ones is a NaN.
  if (launch.smem_bytes != 0) memset(b.dynamic_smem, 0xff, launch.smem_bytes);
  return true;
}

inline void run_unstarted_threads(BlockState& b) {
  while (b.num_started < b.num_threads) {
    b.linear = b.num_started++;
    b.thread_idx = b.next_idx;
    if (++b.next_idx.x == b.block_dim.x) {
      b.next_idx.x = 0;
      if (++b.next_idx.y == b.block_dim.y) {
        b.next_idx.y = 0;
        ++b.next_idx.z;
      }
    }
    b.launch->call_kernel(b.launch->args);
    if (b.tracks_exits) exit_thread(b);
  }
  if (!b.tracks_exits) b.num_exited = b.num_threads;
}

// Where every fiber starts and stays. It is entered by a switch, so it finds its state by the stack pointer.
inline void fiber_main() {
  BlockState& b = block();
  ThreadFiber& self = *b.current;
#if defined(__SANITIZE_ADDRESS__)
  finish_first_switch(self, *b.switched_from);
#endif
  for (;;) {
    run_unstarted_threads(b);
    Fiber* next = &b.root;
    if (b.num_exited == b.num_threads) {
      if (start_next_block(b)) continue;
    } else {
      next = b.ready.pop();
      if (next == nullptr) fail_deadlock(b);
      b.current = static_cast<ThreadFiber*>(next);
    }
    b.idle.push(&self);
    switch_fiber(b, self, *next);
  }
}

// A fiber that runs no thread, a new one if need be; NULL when there is no memory for its stack.
inline ThreadFiber* find_idle_fiber(BlockState& b) {
  if (Fiber* const fiber = b.idle.pop()) return static_cast<ThreadFiber*>(fiber);
  // The region's second half holds the stacks, each above a guard page.
  char* const slot = reinterpret_cast<char*>(&b) + kRegionBytes / 2 + b.num_fibers * kStackBytes;
  if (mprotect(slot + kGuardBytes, kStackBytes - kGuardBytes, PROT_READ | PROT_WRITE) != 0) return nullptr;
  ThreadFiber* const fiber = &b.fibers[b.num_fibers];
  fiber->stack_bottom = slot + kGuardBytes;
  fiber->stack_bytes = kStackBytes - kGuardBytes;
  prepare_stack(*fiber, b.num_fibers, fiber_main);
  ++b.num_fibers;
  return fiber;
}

inline ThreadFiber* idle_fiber(BlockState& b) {
  ThreadFiber* const fiber = find_idle_fiber(b);
  if (fiber == nullptr) fail_block(b, "no memory for the stack of a thread");
  return fiber;
}

// After a failure no fiber can go on with what it was doing: all start afresh.
inline void reset_fibers(BlockState& b) {
  b.ready = FiberList{};
  b.idle = FiberList{};
  b.num_at_barriers = 0;
  for (Barrier& barrier : b.barriers) barrier = Barrier{};
  for (unsigned i = 0; i < b.num_fibers; ++i) {
    b.fibers[i].wait = Wait::kNothing;
    prepare_stack(b.fibers[i], i, fiber_main);
    b.idle.push(&b.fibers[i]);
  }
  b.abandoned = false;
}

// Allocates shared memory for the launch. Under AddressSanitizer exactly as much as was asked for, so that it sees an
// access past the end.
inline bool provide_smem(BlockState& b, uint64_t bytes) {
#if defined(__SANITIZE_ADDRESS__)
  const bool fits = b.smem_capacity == bytes;
#else
  const bool fits = b.smem_capacity >= bytes;
#endif
  if (fits) return true;
  free(b.dynamic_smem);
  b.smem_capacity = 0;
  void* memory = nullptr;
  if (posix_memalign(&memory, 128, bytes) != 0) memory = nullptr;
  b.dynamic_smem = static_cast<unsigned char*>(memory);
  if (memory != nullptr) b.smem_capacity = bytes;
  return memory != nullptr || bytes == 0;
}

#if defined(__SANITIZE_ADDRESS__)
// The block that this pool thread runs.
inline thread_local BlockState* reported_block = nullptr;

// Adds to a report of AddressSanitizer, made on the thread at fault, which CUDA thread that was.
inline void say_thread() {
  const BlockState* const b = reported_block;
  if (b == nullptr) return;
  int status = 0;
  char* const demangled = abi::__cxa_demangle(b->shared_launch->name, nullptr, nullptr, &status);
  fprintf(stderr, "kda: kernel `%s`, block (%u,%u,%u), thread (%u,%u,%u)\n",
          status == 0 ? demangled : b->shared_launch->name, b->block_idx.x, b->block_idx.y, b->block_idx.z,
          b->thread_idx.x, b->thread_idx.y, b->thread_idx.z);
}
#endif

// Runs blocks of the launch on the calling thread until none is left: those of one rank in each gang, or any.
inline void run_blocks(BlockState& b, Launch& launch, Gang* gang = nullptr, unsigned rank = 0) {
  b.gang = gang;
  b.gang_rank = rank;
  b.gang_round = 0;
  b.shared_launch = &launch;
  b.launch = &launch;
  b.block_dim = launch.block;
  b.grid_dim = launch.grid;
  b.num_threads = launch.block.x * launch.block.y * launch.block.z;
  b.next_block = b.end_block = 0;
  const auto give_up = [&](const char* what) {
    record_error(launch, b, what);
    if (gang != nullptr) gang->fail();
  };
  if (!provide_smem(b, launch.smem_bytes)) return give_up("no memory for its shared memory");
  // Others may reach for this block's shared memory as soon as they start.
  if (gang != nullptr && !gang->meet()) return;
  if (!start_next_block(b)) return;
  ThreadFiber* const first = find_idle_fiber(b);
  if (first == nullptr) return give_up("no memory for the stack of a thread");
  b.current = first;
#if defined(__SANITIZE_ADDRESS__)
  reported_block = &b;
  __sanitizer_set_death_callback(say_thread);
#endif
  switch_fiber(b, b.root, *first);
#if defined(__SANITIZE_ADDRESS__)
  reported_block = nullptr;
#endif
  if (b.abandoned) reset_fibers(b);
}

}  // namespace kda::emulated

#endif
