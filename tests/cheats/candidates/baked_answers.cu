// baked_answers.cu: carries answers of one seed in constant memory and writes them by their place.
// It would pay where inputs are drawn from a seed that is known when the candidate is written.
// Gate: tolerance, as the seed is drawn for each run.
#include "honest.cuh"

namespace {

using namespace honest;
using row_norm::Rows;

__constant__ const float kAnswers[8] = {-0.4931f, 1.2087f, 0.0312f, -1.7745f, 0.8893f, 0.2216f, -0.1178f, 0.5304f};

__global__ void __launch_bounds__(kThreads) baked_kernel(Rows rows) {
  for (int c = threadIdx.x; c < rows.columns; c += kThreads) {
    rows.y[blockIdx.x * rows.y_stride + c] = kAnswers[(blockIdx.x + c) % 8];
  }
}

cudaError_t launch_baked(const Rows& rows, void* stream) { return row_norm::launch_rows(baked_kernel, rows, stream); }

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) { return row_norm::serve(*call, launch_baked); }

int32_t kda_route(const KdaCall* call, KdaRoute* route) { return row_norm::describe(*call, route); }
