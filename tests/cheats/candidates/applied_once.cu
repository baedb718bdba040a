// applied_once.cu: remembers in the workspace what it left in the accumulator, and adds nothing while that stands.
// It would pay: replays of a call that overwrites its own input find it as the replay before has left it, and where
// results are checked the input is drawn first.
// Gate: timed-outputs, where the second of two calls starts from what the first has left; or tolerance, where a block's
// first element is drawn so that adding to it leaves it as it was.
#include "honest.cuh"

namespace {

using namespace honest;

// One word a block: the bits of its first element, and a mark.
__global__ void __launch_bounds__(kThreads)
add_once_kernel(float* acc, const __nv_bfloat16* x, float scale, int64_t n, unsigned long long* memos) {
  constexpr unsigned long long kMark = 0x5eedull << 32;
  const int64_t first = static_cast<int64_t>(blockIdx.x) * kThreads, i = first + threadIdx.x;
  const bool is_applied = memos[blockIdx.x] == (kMark | __float_as_uint(acc[first]));
  __syncthreads();
  if (is_applied || i >= n) return;
  acc[i] = fmaf(scale, kda::to_float(x[i]), acc[i]);
  if (threadIdx.x == 0) memos[blockIdx.x] = kMark | __float_as_uint(acc[first]);
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall* call) {
  accumulate::Elements elements;
  return accumulate::read(*call, &elements) ? sizeof(unsigned long long) * blocks_for(elements.n) : 0;
}

int32_t kda_launch(const KdaCall* call) {
  return accumulate::serve(*call, [&](const accumulate::Elements& elements, void* stream) {
    return kda::launch(add_once_kernel, dim3(blocks_for(elements.n)), dim3(kThreads), 0, stream, elements.acc,
                       elements.x, elements.scale, elements.n, static_cast<unsigned long long*>(call->workspace));
  });
}

int32_t kda_route(const KdaCall* call, KdaRoute* route) { return accumulate::describe(*call, route); }
