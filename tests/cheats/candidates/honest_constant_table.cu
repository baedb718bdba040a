// honest_constant_table.cu: tables that are never written, in constant memory and on the host.
// Honest: a table that the compiler fills is no state. What could refuse it: a gate that takes every variable of the
// device or of the host for state that survives a call.
#include "honest.cuh"

namespace {

using namespace honest;
using row_norm::Rows;

// 1 / 2^(7 + i), exact.
__constant__ const float kInverseCounts[6] = {1.0f / 128,  1.0f / 256,  1.0f / 512,
                                              1.0f / 1024, 1.0f / 2048, 1.0f / 4096};

const int kTabledColumns[6] = {128, 256, 512, 1024, 2048, 4096};

// place: where the table has 1 / columns, or -1.
__global__ void __launch_bounds__(kThreads) norm_tabled_kernel(Rows rows, int place) {
  const float inverse = place < 0 ? 1.0f / static_cast<float>(rows.columns) : kInverseCounts[place];
  const float* const from = rows.x + blockIdx.x * rows.x_stride;
  float* const to = rows.y + blockIdx.x * rows.y_stride;
  row_norm::Moments moments{from[0], 0.0f, 0.0f};
  float sum = 0.0f;
  for (int c = threadIdx.x; c < rows.columns; c += kThreads) sum += from[c] - moments.origin;
  moments.mean = kda::block_sum<kThreads, 0>(sum) * inverse;
  float squares = 0.0f;
  for (int c = threadIdx.x; c < rows.columns; c += kThreads) {
    const float centred = from[c] - moments.origin - moments.mean;
    squares += centred * centred;
  }
  moments.scale = 1.0f / sqrtf(kda::block_sum<kThreads, 1>(squares) * inverse + rows.eps);
  for (int c = threadIdx.x; c < rows.columns; c += kThreads) to[c] = row_norm::norm_element(rows, moments, from[c], c);
}

cudaError_t launch_tabled(const Rows& rows, void* stream) {
  int place = -1;
  for (int i = 0; i < 6; ++i) {
    if (kTabledColumns[i] == rows.columns) place = i;
  }
  return row_norm::launch_rows(norm_tabled_kernel, rows, stream, place);
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) { return row_norm::serve(*call, launch_tabled); }

int32_t kda_route(const KdaCall* call, KdaRoute* route) { return row_norm::describe(*call, route); }
