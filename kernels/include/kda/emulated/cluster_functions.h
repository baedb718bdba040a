// What the blocks of a cluster, and those of a cooperative grid, do together.
#ifndef KDA_EMULATED_CLUSTER_FUNCTIONS_H
#define KDA_EMULATED_CLUSTER_FUNCTIONS_H

#include "kda/emulated/run_blocks.h"

namespace kda::emulated {

inline bool is_in_cluster(const BlockState& b) { return b.gang != nullptr && b.launch->is_cluster; }

inline unsigned cluster_rank() {
  const BlockState& b = block();
  return is_in_cluster(b) ? b.gang_rank : 0;
}

inline unsigned cluster_size() {
  const BlockState& b = block();
  return is_in_cluster(b) ? b.gang->members() : 1;
}

inline void cluster_sync() {
  if (is_in_cluster(block())) {
    wait_at_barrier(Wait::kClusterBarrier, false);
  } else {
    wait_at_barrier(Wait::kSyncthreads, false);
  }
}

// Where `address`, in this block's dynamic shared memory, lies in that of another block of the cluster. Static shared
// memory has no such place here.
inline void* map_shared_rank(const void* address, unsigned rank) {
  BlockState& b = block();
  const auto* const bytes = static_cast<const unsigned char*>(address);
  if (bytes < b.dynamic_smem || bytes >= b.dynamic_smem + b.launch->smem_bytes) {
    fail_block(b, "an address outside dynamic shared memory is mapped to another block of the cluster");
  }
  if (rank >= cluster_size()) fail_block(b, "rank %u is mapped in a cluster of %u blocks", rank, cluster_size());
  if (!is_in_cluster(b)) return b.dynamic_smem + (bytes - b.dynamic_smem);
  return b.gang->block(rank)->dynamic_smem + (bytes - b.dynamic_smem);
}

// One turn of a loop that waits for what another thread writes: lets the block's other threads run, or else other
// blocks, and ends when one of those has failed.
inline void spin() {
  BlockState& b = meeting_block();
  if (b.shared_launch->failed.load(std::memory_order_relaxed)) abandon_block(b);
  const bool has_unstarted = b.num_started != b.num_threads;
  if (b.ready.head == nullptr && !has_unstarted) {
    sched_yield();
    return;
  }
  ThreadFiber& self = *b.current;
  self.thread_idx = b.thread_idx;
  self.linear = b.linear;
  Fiber* const next = has_unstarted ? idle_fiber(b) : b.ready.pop();
  b.ready.push(&self);
  b.current = static_cast<ThreadFiber*>(next);
  switch_fiber(b, self, *next);
  b.thread_idx = self.thread_idx;
  b.linear = self.linear;
}

}  // namespace kda::emulated

#endif
