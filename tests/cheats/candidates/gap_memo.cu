// gap_memo.cu: keeps each row's scale in the gap before the row, where the output's stride leaves room.
// It would pay: what lies between the elements of a strided output outlives a call, and belongs to nobody.
// Gate: guards, as gaps are painted and looked at.
#include "honest.cuh"

namespace {

using namespace honest;
using row_norm::Rows;

__global__ void __launch_bounds__(kThreads) norm_with_gap_kernel(Rows rows) {
  row_norm::norm_row<kThreads>(rows, blockIdx.x);
  const bool has_gap = rows.y_stride > rows.columns && blockIdx.x > 0;
  if (has_gap && threadIdx.x == 0) rows.y[blockIdx.x * rows.y_stride - 1] = rows.eps;
}

cudaError_t launch_with_gap_memo(const Rows& rows, void* stream) {
  return row_norm::launch_rows(norm_with_gap_kernel, rows, stream);
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) { return row_norm::serve(*call, launch_with_gap_memo); }

int32_t kda_route(const KdaCall* call, KdaRoute* route) { return row_norm::describe(*call, route); }
