// Clusters and cooperative grids: ranks, barriers, each other's shared memory, mailboxes, and how they fail.
#include "kda/async_copy.cuh"
#include "kda/cluster.cuh"
#include "kda/cooperative.cuh"
#include "testing.h"

namespace {

// Every block tells every other of its cluster its number; each writes the sum of what it was told.
__global__ void tell_cluster_kernel(unsigned* sums) {
  KDA_DYNAMIC_SMEM(unsigned, told);
  const unsigned linear = (blockIdx.z * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x;
  for (int round = 0; round < 3; ++round) {
    if (threadIdx.x < kda::cluster_size()) {
      kda::map_shared_rank(told, threadIdx.x)[kda::cluster_rank()] = linear + static_cast<unsigned>(round);
    }
    kda::cluster_sync();
    if (threadIdx.x == 0) {
      unsigned sum = 0;
      for (unsigned rank = 0; rank < kda::cluster_size(); ++rank) sum += told[rank];
      sums[linear] = sum;
    }
    kda::cluster_sync();
  }
}

// Half of the threads have ended when the others meet the cluster, and block 1 ends without meeting it.
__global__ void leave_early_kernel(int* out) {
  if (kda::cluster_rank() == 1) return;
  if (threadIdx.x % 2 == 1) return;
  kda::cluster_sync();
  out[blockIdx.x * blockDim.x + threadIdx.x] = 1;
}

// A ring: every block waits for its left neighbour's word, the first for nobody's.
__global__ void ring_kernel(unsigned long long* mailboxes, unsigned long long* out) {
  if (threadIdx.x == 0) {
    const unsigned long long before = blockIdx.x == 0 ? 0 : kda::wait_for(&mailboxes[blockIdx.x - 1]);
    kda::post(&mailboxes[blockIdx.x], before + 1);
  }
  __syncthreads();
  if (threadIdx.x == 1) out[blockIdx.x] = kda::wait_for(&mailboxes[gridDim.x - 1]) + kda::cluster_rank();
}

__global__ void stuck_kernel(const unsigned long long* mailbox) {
  if (blockIdx.x == 0) {
    if (threadIdx.x == 0) kda::wait_for(mailbox);
  } else if (threadIdx.x % 2 == 0) {
    __syncthreads();
  } else {
    __syncthreads_count(1);
  }
}

__global__ void foreign_rank_kernel() {
  KDA_DYNAMIC_SMEM(int, smem);
  if (threadIdx.x == 0 && kda::cluster_rank() == 1) *kda::map_shared_rank(smem, 2) = 1;
  kda::cluster_sync();
}

__global__ void static_memory_kernel() {
  __shared__ int value;
  if (threadIdx.x == 0 && kda::cluster_rank() == 0) *kda::map_shared_rank(&value, 1) = 1;
  kda::cluster_sync();
}

__global__ void copy_kernel(const float4* from, float4* to) {
  KDA_DYNAMIC_SMEM(float4, slots);
  kda::async_copy_16(&slots[threadIdx.x], &from[threadIdx.x]);
  kda::async_copy_commit();
  kda::async_copy_wait<0>();
  to[threadIdx.x] = slots[threadIdx.x];
}

kda::LaunchConfig clusters(testing::Stream& stream, dim3 grid, unsigned threads, dim3 cluster, size_t smem_bytes = 64) {
  return {.grid = grid, .block = threads, .smem_bytes = smem_bytes, .stream = stream.get(), .cluster = cluster};
}

void check_clusters(testing::Stream& stream) {
  const struct {
    dim3 grid, cluster;
  } cases[] = {{12, 4}, {dim3(2, 6, 1), dim3(2, 3, 1)}, {dim3(3, 2, 4), dim3(1, 2, 2)}, {16, 16}, {5, 1}};
  for (const auto& [grid, cluster] : cases) {
    const unsigned blocks = grid.x * grid.y * grid.z;
    std::vector<unsigned> sums(blocks);
    CHECK(kda::launch(clusters(stream, grid, 64, cluster), tell_cluster_kernel, sums.data()) == cudaSuccess, "%s",
          stream.error().c_str());
    for (unsigned block = 0; block < blocks; ++block) {
      const unsigned x = block % grid.x, y = block / grid.x % grid.y, z = block / grid.x / grid.y;
      unsigned expected = 0;
      for (unsigned k = z / cluster.z * cluster.z; k < z / cluster.z * cluster.z + cluster.z; ++k) {
        for (unsigned j = y / cluster.y * cluster.y; j < y / cluster.y * cluster.y + cluster.y; ++j) {
          for (unsigned i = x / cluster.x * cluster.x; i < x / cluster.x * cluster.x + cluster.x; ++i) {
            expected += (k * grid.y + j) * grid.x + i + 2;
          }
        }
      }
      CHECK(sums[block] == expected, "block %u: %u instead of %u", block, sums[block], expected);
    }
  }
  std::vector<int> out(6 * 32);
  CHECK(kda::launch(clusters(stream, 6, 32, 3), leave_early_kernel, out.data()) == cudaSuccess, "%s",
        stream.error().c_str());
  for (size_t i = 0; i < out.size(); ++i) {
    CHECK(out[i] == (i % 2 == 0 && i / 32 % 3 != 1 ? 1 : 0), "element %zu is %d", i, out[i]);
  }
}

void check_cooperative_grids(testing::Stream& stream) {
  std::vector<unsigned long long> mailboxes(16), out(16);
  CHECK(kda::launch_cooperative(ring_kernel, 16, 64, 0, stream.get(), mailboxes.data(), out.data()) == cudaSuccess,
        "%s", stream.error().c_str());
  for (size_t i = 0; i < out.size(); ++i) CHECK(out[i] == 16, "block %zu read %llu", i, out[i]);
  CHECK(kda::launch_cooperative(ring_kernel, 17, 64, 0, stream.get(), mailboxes.data(), out.data()) ==
            cudaErrorCooperativeLaunchTooLarge,
        "more blocks than run at once");
  CHECK(kda::launch_cooperative(ring_kernel, 5, 64, 200 * 1024, stream.get(), mailboxes.data(), out.data()) ==
            cudaErrorCooperativeLaunchTooLarge,
        "more shared memory than the multiprocessors have");
}

void check_failures(testing::Stream& stream) {
  const unsigned long long never = 0;
  CHECK(kda::launch_cooperative(stuck_kernel, 2, 64, 0, stream.get(), &never) == cudaErrorLaunchFailure, "stuck");
  CHECK(stream.error().find("block (1,0,0): deadlock: 32 of 64 threads wait at __syncthreads") != std::string::npos,
        "%s", stream.error().c_str());
  CHECK(kda::launch(clusters(stream, 4, 32, 2), foreign_rank_kernel) == cudaErrorLaunchFailure, "foreign rank");
  CHECK(stream.error().find("rank 2 is mapped in a cluster of 2 blocks") != std::string::npos, "%s",
        stream.error().c_str());
  CHECK(kda::launch(clusters(stream, 4, 32, 2), static_memory_kernel) == cudaErrorLaunchFailure, "static memory");
  CHECK(stream.error().find("outside dynamic shared memory") != std::string::npos, "%s", stream.error().c_str());
}

}  // namespace

int main() {
  testing::Stream stream;
  for (int i = 0; i < 20; ++i) {
    check_clusters(stream);
    check_cooperative_grids(stream);
    check_failures(stream);
  }
  std::vector<float4> from(64, float4{1, 2, 3, 4}), to(64);
  CHECK(kda::launch(copy_kernel, 1, 64, 64 * 16, stream.get(), from.data(), to.data()) == cudaSuccess, "copy");
  CHECK(memcmp(from.data(), to.data(), 64 * 16) == 0, "what was copied");
  return testing::finish("gang_test");
}
