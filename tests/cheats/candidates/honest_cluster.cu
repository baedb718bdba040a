// honest_cluster.cu: two blocks share a row and tell each other their sums through distributed shared memory.
// Honest: a cluster is one launch attribute of one kernel. What could refuse it: a graph gate that refuses every launch
// attribute, or one that expects a block a row.
#include "honest.cuh"
#include "kda/cluster.cuh"

namespace {

using namespace honest;
using row_norm::Rows;

constexpr unsigned kBlocks = 2;

// Both blocks' sum, in the order of their ranks. `slot` names a place that no earlier sum used.
__device__ __forceinline__ float cluster_sum(float* parts, int slot, float mine) {
  if (threadIdx.x < kBlocks) kda::map_shared_rank(parts, threadIdx.x)[slot * kBlocks + kda::cluster_rank()] = mine;
  kda::cluster_sync();
  return parts[slot * kBlocks] + parts[slot * kBlocks + 1];
}

__global__ void __launch_bounds__(kThreads) norm_halves_kernel(Rows rows) {
  KDA_DYNAMIC_SMEM(float, parts);
  const int64_t row = blockIdx.x / kBlocks;
  const float* const from = rows.x + row * rows.x_stride;
  float* const to = rows.y + row * rows.y_stride;
  const int first = static_cast<int>(kda::cluster_rank()) * kThreads + static_cast<int>(threadIdx.x);
  const float count = static_cast<float>(rows.columns);
  kda::cluster_sync();

  row_norm::Moments moments{from[0], 0.0f, 0.0f};
  float sum = 0.0f;
  for (int c = first; c < rows.columns; c += kBlocks * kThreads) sum += from[c] - moments.origin;
  moments.mean = cluster_sum(parts, 0, kda::block_sum<kThreads, 0>(sum)) / count;
  float squares = 0.0f;
  for (int c = first; c < rows.columns; c += kBlocks * kThreads) {
    const float centred = from[c] - moments.origin - moments.mean;
    squares += centred * centred;
  }
  const float variance = cluster_sum(parts, 1, kda::block_sum<kThreads, 1>(squares)) / count;
  moments.scale = 1.0f / sqrtf(variance + rows.eps);
  for (int c = first; c < rows.columns; c += kBlocks * kThreads) {
    to[c] = row_norm::norm_element(rows, moments, from[c], c);
  }
}

cudaError_t launch_halves(const Rows& rows, void* stream) {
  kda::LaunchConfig config;
  config.grid = dim3(kBlocks * static_cast<unsigned>(rows.num_rows));
  config.block = dim3(kThreads);
  config.smem_bytes = 2 * kBlocks * sizeof(float);
  config.stream = stream;
  config.cluster = dim3(kBlocks);
  return kda::launch(config, norm_halves_kernel, rows);
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) { return row_norm::serve(*call, launch_halves); }

int32_t kda_route(const KdaCall* call, KdaRoute* route) { return row_norm::describe(*call, route); }
