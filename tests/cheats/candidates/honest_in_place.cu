// honest_in_place.cu: adds to a buffer that is input and output, in vectors where they fit and elements where not.
// Honest: an `inout` is what the contract asks for. What could refuse it: a gate that paints every output before a
// replay, or one that takes each changed input for damage.
#include "honest.cuh"

namespace {

using namespace honest;

template <int kWidth>
__global__ void __launch_bounds__(kThreads)
add_vectors_kernel(float* acc, const __nv_bfloat16* x, float scale, int64_t n) {
  const int64_t i = kWidth * (static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x);
  if (i >= n) return;
  auto sums = kda::Vec<float, kWidth>::load(acc + i);
  const auto values = kda::to_float(kda::Vec<__nv_bfloat16, kWidth>::load_readonly(x + i));
  for (int k = 0; k < kWidth; ++k) sums.data[k] = fmaf(scale, values.data[k], sums.data[k]);
  sums.store(acc + i);
}

bool fits(const KdaCall& call) {
  return kda::numel(*call.tensors[0]) % 4 == 0 && kda::aligned(*call.tensors[0], 16) &&
         kda::aligned(*call.tensors[1], 8);
}

template <int kWidth>
cudaError_t launch_width(const accumulate::Elements& elements, void* stream) {
  return kda::launch(add_vectors_kernel<kWidth>, dim3(blocks_for(elements.n / kWidth)), dim3(kThreads), 0, stream,
                     elements.acc, elements.x, elements.scale, elements.n);
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) {
  return accumulate::serve(*call, [&](const accumulate::Elements& elements, void* stream) {
    return fits(*call) ? launch_width<4>(elements, stream) : launch_width<1>(elements, stream);
  });
}

int32_t kda_route(const KdaCall* call, KdaRoute* route) {
  accumulate::Elements elements;
  if (!accumulate::read(*call, &elements)) return kda::describe_refusal(route);
  if (fits(*call)) {
    return kda::describe(route, "vectors", "whole 16 B", "add_vectors_kernel<4>", "four elements an access");
  }
  return kda::describe(route, "elements", "everything else", "add_vectors_kernel<1>", "one element an access");
}
