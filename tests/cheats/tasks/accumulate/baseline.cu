// baseline.cu: acc += scale * x in place.
//   acc: [n] f32;  x: [n] bf16
// Moves 10 * n B (acc and x in; acc out). Bound: HBM.
// Grid: one element a thread.
#include "kda/launch.cuh"
#include "kda/route.cuh"
#include "kda/tensor.cuh"
#include "kda/vec.cuh"

namespace {

constexpr int kThreads = 256;

__global__ void __launch_bounds__(kThreads)
accumulate_elements_kernel(float* acc, const __nv_bfloat16* x, float scale, int64_t n) {
  const int64_t i = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (i < n) acc[i] = fmaf(scale, kda::to_float(x[i]), acc[i]);
}

bool is_legal(const KdaCall& call) {
  const KdaTensor &acc = *call.tensors[0], &x = *call.tensors[1];
  for (const KdaTensor* tensor : {&acc, &x}) {
    if (tensor->device.device_type != KDA_DEVICE_CUDA || tensor->ndim != 1 || !kda::is_dense(*tensor)) return false;
  }
  return kda::is_f32(acc) && kda::is_bf16(x) && kda::same_shape(acc, x);
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) {
  if (!is_legal(*call)) return KDA_INVALID_ARGUMENT;
  const int64_t n = kda::numel(*call->tensors[0]);
  if (n == 0) return KDA_OK;
  return kda::status_of(kda::launch(
      accumulate_elements_kernel, dim3(static_cast<unsigned>((n + kThreads - 1) / kThreads)), dim3(kThreads), 0,
      call->stream, kda::elements<float>(*call->tensors[0]), kda::elements<const __nv_bfloat16>(*call->tensors[1]),
      static_cast<float>(call->scalars[0].value.f), n));
}

int32_t kda_route(const KdaCall* call, KdaRoute* route) {
  if (!is_legal(*call)) return kda::describe_refusal(route);
  return kda::describe(route, "any", "always", "accumulate_elements_kernel", "there is one kernel");
}
