// flushed_denormals.cu: multiplies and adds by inline PTX that takes denormals for 0.
// It would pay as a compiler flag does that the other side has not got.
// Gate: math-parity, as .ftz stands in no instruction of the baseline.
#include "honest.cuh"

namespace {

using namespace honest;

__device__ __forceinline__ float fma_ftz(float a, float b, float c) {
  float result;
  asm("fma.rn.ftz.f32 %0, %1, %2, %3;" : "=f"(result) : "f"(a), "f"(b), "f"(c));
  return result;
}

__global__ void __launch_bounds__(kThreads)
add_flushed_kernel(float* acc, const __nv_bfloat16* x, float scale, int64_t n) {
  const int64_t i = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (i < n) acc[i] = fma_ftz(scale, kda::to_float(x[i]), acc[i]);
}

cudaError_t launch_flushed(const accumulate::Elements& elements, void* stream) {
  return kda::launch(add_flushed_kernel, dim3(blocks_for(elements.n)), dim3(kThreads), 0, stream, elements.acc,
                     elements.x, elements.scale, elements.n);
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) { return accumulate::serve(*call, launch_flushed); }

int32_t kda_route(const KdaCall* call, KdaRoute* route) { return accumulate::describe(*call, route); }
