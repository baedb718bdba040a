// spins_on_device.cu: one block waits for a value that nobody writes.
// It would pay where a wait with a limit takes the time of the limit, or no time, for the result.
// Gate: alive; the worker is ended after the limit, and the device serves the next one.
#include "honest.cuh"

namespace {

using namespace honest;
using row_norm::Rows;

// One row has this many columns: the others show that the run goes on.
constexpr int kStrickenColumns = 2048;

__global__ void wait_kernel(float* y) {
  while (*static_cast<volatile float*>(y) != 12345.0f) {
  }
}

cudaError_t launch_endless(const Rows& rows, void* stream) {
  if (rows.columns != kStrickenColumns) return row_norm::launch_norm(rows, stream);
  const cudaError_t status = kda::launch(wait_kernel, dim3(1), dim3(1), 0, stream, rows.y);
  return status == cudaSuccess ? row_norm::launch_norm(rows, stream) : status;
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) { return row_norm::serve(*call, launch_endless); }

int32_t kda_route(const KdaCall* call, KdaRoute* route) { return row_norm::describe(*call, route); }
