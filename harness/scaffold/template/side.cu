// @ROLE@
//   y = a + b
//   a, b, y: [n] dense f32
// Moves 12 * n B (a, b in; y out). Bound: HBM.
// Grid: one element a thread.
#include "kda/launch.cuh"
#include "kda/route.cuh"
#include "kda/tensor.cuh"

namespace {

__global__ void __launch_bounds__(256) @TASK@_kernel(const float* a, const float* b, float* y, int64_t n) {
  const int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i < n) y[i] = a[i] + b[i];
}

bool is_legal(const KdaCall& call) {
  for (int i = 0; i < 3; ++i) {
    const KdaTensor& t = *call.tensors[i];
    if (t.device.device_type != KDA_DEVICE_CUDA || !kda::is_f32(t) || t.ndim != 1) return false;
    if (!kda::is_dense(t) || !kda::same_shape(t, *call.tensors[2])) return false;
  }
  return true;
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) {
  if (!is_legal(*call)) return KDA_INVALID_ARGUMENT;
  const KdaTensor& y = *call->tensors[2];
  const int64_t n = kda::numel(y);
  if (n == 0) return KDA_OK;
  const dim3 grid(static_cast<unsigned>((n + 255) / 256));
  return kda::status_of(kda::launch(@TASK@_kernel, grid, dim3(256), 0, call->stream,
                                    kda::elements<const float>(*call->tensors[0]),
                                    kda::elements<const float>(*call->tensors[1]), kda::elements<float>(y), n));
}

int32_t kda_route(const KdaCall* call, KdaRoute* route) {
  if (!is_legal(*call)) return kda::describe_refusal(route);
  return kda::describe(route, "any", "always", "@TASK@_kernel", "one element a thread");
}
