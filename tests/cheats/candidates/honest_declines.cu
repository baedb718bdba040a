// honest_declines.cu: serves what its vector accesses fit, and leaves every other call to the baseline.
// Honest: it declines by shape and alignment alone, and its route says so. What could refuse it: a gate that takes a
// declined call, or the baseline's kernel in the candidate's graph, for a failure.
#include "honest.cuh"

namespace {

using namespace honest;
using row_norm::Rows;
using Four = kda::Vec<float, 4>;

__global__ void __launch_bounds__(kThreads) norm_vectors_kernel(Rows rows) {
  const float* const from = rows.x + blockIdx.x * rows.x_stride;
  float* const to = rows.y + blockIdx.x * rows.y_stride;
  const row_norm::Moments moments = row_norm::moments_of<kThreads>(from, rows.columns, rows.eps);
  for (int c = 4 * threadIdx.x; c < rows.columns; c += 4 * kThreads) {
    Four values = Four::load_readonly(from + c);
    for (int i = 0; i < 4; ++i) values[i] = row_norm::norm_element(rows, moments, values[i], c + i);
    values.store(to + c);
  }
}

bool fits(const KdaCall& call) {
  const KdaTensor &x = *call.tensors[0], &y = *call.tensors[3];
  return y.shape[1] % 4 == 0 && kda::rows_aligned(x, 1, 16) && kda::rows_aligned(y, 1, 16);
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) {
  Rows rows;
  if (row_norm::read(*call, &rows) && !fits(*call)) return KDA_DECLINED;
  return row_norm::serve(
      *call, [](const Rows& rows, void* stream) { return row_norm::launch_rows(norm_vectors_kernel, rows, stream); });
}

int32_t kda_route(const KdaCall* call, KdaRoute* route) {
  Rows rows;
  if (!row_norm::read(*call, &rows)) return kda::describe_refusal(route);
  if (fits(*call)) {
    return kda::describe(route, "vectors", "rows are whole 16 B", "norm_vectors_kernel", "16 B an access");
  }
  return kda::describe(route, "declined", "rows are not whole 16 B", "baseline", "the baseline is as fast there",
                       KDA_DECLINED);
}
