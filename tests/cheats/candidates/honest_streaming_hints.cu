// honest_streaming_hints.cu: reads and writes with the evict-first hint.
// Honest: the hint says that data will not be needed again, and leaves nothing behind. What could refuse it: a gate
// that takes every cache hint for one that persists.
#include "honest.cuh"
#include "kda/caching.cuh"

namespace {

using namespace honest;
using row_norm::Rows;

__global__ void __launch_bounds__(kThreads) norm_streaming_kernel(Rows rows) {
  const float* const from = rows.x + blockIdx.x * rows.x_stride;
  float* const to = rows.y + blockIdx.x * rows.y_stride;
  const row_norm::Moments moments = row_norm::moments_of<kThreads>(from, rows.columns, rows.eps);
  for (int c = threadIdx.x; c < rows.columns; c += kThreads) {
    auto value = kda::load_stream<kda::Caching::kEvictFirst, 1>(from + c);
    value[0] = row_norm::norm_element(rows, moments, value[0], c);
    kda::store_stream<kda::Caching::kEvictFirst>(to + c, value);
  }
}

cudaError_t launch_streaming(const Rows& rows, void* stream) {
  return row_norm::launch_rows(norm_streaming_kernel, rows, stream);
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) { return row_norm::serve(*call, launch_streaming); }

int32_t kda_route(const KdaCall* call, KdaRoute* route) { return row_norm::describe(*call, route); }
