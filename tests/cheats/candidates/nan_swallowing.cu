// nan_swallowing.cu: limits its results by fmaxf and fminf, which turn a NaN into a number.
// It would pay where its own arithmetic runs out of range, and a comparison with NaN passes.
// Gate: non-finite, as NaN and infinities must stand where the oracle has them.
#include "honest.cuh"

namespace {

using namespace honest;
using row_norm::Rows;

__global__ void __launch_bounds__(kThreads) norm_clean_kernel(Rows rows) {
  const float* const from = rows.x + blockIdx.x * rows.x_stride;
  float* const to = rows.y + blockIdx.x * rows.y_stride;
  const row_norm::Moments moments = row_norm::moments_of<kThreads>(from, rows.columns, rows.eps);
  for (int c = threadIdx.x; c < rows.columns; c += kThreads) {
    to[c] = fminf(fmaxf(row_norm::norm_element(rows, moments, from[c], c), -1e30f), 1e30f);
  }
}

cudaError_t launch_clean(const Rows& rows, void* stream) {
  return row_norm::launch_rows(norm_clean_kernel, rows, stream);
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) { return row_norm::serve(*call, launch_clean); }

int32_t kda_route(const KdaCall* call, KdaRoute* route) { return row_norm::describe(*call, route); }
