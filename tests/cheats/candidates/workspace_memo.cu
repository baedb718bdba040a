// workspace_memo.cu: keeps each row's statistics in the workspace, and takes them from there in the next replay.
// It would pay: two of three passes over a row fall away, and no variable holds any state.
// Gate: redrawn, as statistics of the inputs before are wrong for fresh ones at the same addresses.
#include "honest.cuh"

namespace {

using namespace honest;
using row_norm::Moments;
using row_norm::Rows;

struct Memo {
  unsigned long long mark;
  Moments moments;
  float unused;
};

__global__ void __launch_bounds__(kThreads) norm_remembered_kernel(Rows rows, Memo* memos) {
  Memo* const memo = memos + blockIdx.x;
  const unsigned long long mark = 0x9e3779b97f4a7c15ull ^ reinterpret_cast<uintptr_t>(memo);
  const bool is_known = memo->mark == mark;
  Moments moments = memo->moments;
  const float* const from = rows.x + blockIdx.x * rows.x_stride;
  float* const to = rows.y + blockIdx.x * rows.y_stride;
  __syncthreads();
  if (!is_known) {
    moments = row_norm::moments_of<kThreads>(from, rows.columns, rows.eps);
    if (threadIdx.x == 0) *memo = {mark, moments, 0.0f};
  }
  for (int c = threadIdx.x; c < rows.columns; c += kThreads) to[c] = row_norm::norm_element(rows, moments, from[c], c);
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall* call) {
  Rows rows;
  return row_norm::read(*call, &rows) ? sizeof(Memo) * static_cast<size_t>(rows.num_rows) : 0;
}

int32_t kda_launch(const KdaCall* call) {
  return row_norm::serve(*call, [&](const Rows& rows, void* stream) {
    return row_norm::launch_rows(norm_remembered_kernel, rows, stream, static_cast<Memo*>(call->workspace));
  });
}

int32_t kda_route(const KdaCall* call, KdaRoute* route) { return row_norm::describe(*call, route); }
