// cluster.cuh: thread block clusters (sm_90): ranks, the barrier, and each other's dynamic shared memory.
//
//   float* theirs = kda::map_shared_rank(mine, rank);  // mine: in dynamic shared memory
//   theirs[kda::cluster_rank()] = sum;
//   kda::cluster_sync();  // what was written before it is seen after it, by all threads of the cluster
//
// A block must not exit while others may still reach for its shared memory, nor be reached for before it runs: between
// cluster_arrive() at the start and cluster_wait() before the first such access, work can go on.
#pragma once

#include <cuda_runtime.h>

namespace kda {

#if defined(KDA_EMULATED)

__device__ __forceinline__ unsigned cluster_rank() { return emulated::cluster_rank(); }
__device__ __forceinline__ unsigned cluster_size() { return emulated::cluster_size(); }
__device__ __forceinline__ void cluster_arrive() {}  // the wait does both
__device__ __forceinline__ void cluster_wait() { emulated::cluster_sync(); }

template <typename T>
__device__ __forceinline__ T* map_shared_rank(T* address, unsigned rank) {
  return static_cast<T*>(emulated::map_shared_rank(address, rank));
}

#else

__device__ __forceinline__ unsigned cluster_rank() { return __clusterRelativeBlockRank(); }
__device__ __forceinline__ unsigned cluster_size() { return __clusterSizeInBlocks(); }
__device__ __forceinline__ void cluster_arrive() { __cluster_barrier_arrive(); }
__device__ __forceinline__ void cluster_wait() { __cluster_barrier_wait(); }

template <typename T>
__device__ __forceinline__ T* map_shared_rank(T* address, unsigned rank) {
  return static_cast<T*>(__cluster_map_shared_rank(address, rank));
}

#endif

__device__ __forceinline__ void cluster_sync() {
  cluster_arrive();
  cluster_wait();
}

}  // namespace kda
