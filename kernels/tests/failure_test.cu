// What goes wrong is an error with a message, and the device works afterwards.
#include "testing.h"

namespace {

__global__ void missing_barrier_kernel(int* out) {
  if (blockIdx.x == 3 && threadIdx.x == 5) {
    __shfl_sync(0xffffffffu, 1, 0);
  } else {
    __syncthreads();
  }
  out[blockIdx.x * blockDim.x + threadIdx.x] = 1;
}

template <int kLanes>
__global__ void unmet_mask_kernel() {
  if (threadIdx.x < kLanes) __shfl_xor_sync(0xffffffffu, 1.0f, 1);
  __syncthreads();
}

__global__ void mixed_shuffles_kernel() {
  if (threadIdx.x % 2 == 0) {
    __shfl_down_sync(0xffffffffu, 1, 1);
  } else {
    __shfl_up_sync(0xffffffffu, 1, 1);
  }
}

__global__ void foreign_mask_kernel() { __syncwarp(0x1u); }

__global__ void exited_and_stuck_kernel() {
  if (threadIdx.x >= 32) return;
  if (threadIdx.x < 16) {
    __syncthreads();
  } else {
    __syncthreads_count(1);
  }
}

__global__ void good_kernel(int* out) {
  __syncthreads();
  const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  out[i] = __shfl_xor_sync(0xffffffffu, i, 1);
}

void check_device_works(testing::Stream& stream) {
  std::vector<int> out(64 * 128);
  CHECK(kda::launch(good_kernel, 64, 128, 0, stream.get(), out.data()) == cudaSuccess, "%s", stream.error().c_str());
  for (size_t i = 0; i < out.size(); ++i) CHECK(out[i] == static_cast<int>(i ^ 1), "element %zu", i);
}

void check_message(const testing::Stream& stream, cudaError_t status, const char* expected) {
  CHECK(status == cudaErrorLaunchFailure && stream.error() == expected, "\n  %s\n  instead of\n  %s",
        stream.error().c_str(), expected);
}

void check_deadlocks(testing::Stream& stream) {
  std::vector<int> out(8 * 128);
  for (int i = 0; i < 20; ++i) {
    check_message(stream, kda::launch(missing_barrier_kernel, 8, 128, 0, stream.get(), out.data()),
                  "kernel `(anonymous namespace)::missing_barrier_kernel(int*)`, block (3,0,0): deadlock: 127 of 128 "
                  "threads wait at __syncthreads, first (0,0,0) while 1 of 128 threads waits at __shfl_sync (mask "
                  "0xffffffff), first (5,0,0)");
    check_device_works(stream);
  }
  check_message(stream, kda::launch(unmet_mask_kernel<31>, 1, 32, 0, stream.get()),
                "kernel `void (anonymous namespace)::unmet_mask_kernel<31>()`, block (0,0,0): deadlock: 31 of 32 threads "
                "wait at __shfl_xor_sync (mask 0xffffffff), first (0,0,0) while 1 of 32 threads waits at __syncthreads, "
                "first (31,0,0)");
  check_message(stream, kda::launch(mixed_shuffles_kernel, 1, 32, 0, stream.get()),
                "kernel `(anonymous namespace)::mixed_shuffles_kernel()`, block (0,0,0): deadlock: 16 of 32 threads wait "
                "at __shfl_down_sync (mask 0xffffffff), first (0,0,0) while 16 of 32 threads wait at __shfl_up_sync "
                "(mask 0xffffffff), first (1,0,0)");
  check_message(stream, kda::launch(exited_and_stuck_kernel, dim3(1), dim3(64), 0, stream.get()),
                "kernel `(anonymous namespace)::exited_and_stuck_kernel()`, block (0,0,0): deadlock: 16 of 64 threads "
                "wait at __syncthreads, first (0,0,0) while 16 of 64 threads wait at __syncthreads_count, first "
                "(16,0,0); 32 exited");
  check_message(stream, kda::launch(foreign_mask_kernel, 1, 32, 0, stream.get()),
                "kernel `(anonymous namespace)::foreign_mask_kernel()`, block (0,0,0): lane 1 of thread (1,0,0) calls "
                "__syncwarp with mask 0x00000001, which lacks that lane");
  check_device_works(stream);
}

void check_refusals(testing::Stream& stream) {
  int out[1] = {};
  const auto launch = [&](dim3 grid, dim3 block, size_t smem_bytes, void* on) {
    return kda::launch(good_kernel, grid, block, smem_bytes, on, out);
  };
  cudaGetLastError();
  CHECK(launch(0, 32, 0, stream.get()) == cudaErrorInvalidConfiguration, "an empty grid");
  CHECK(cudaPeekAtLastError() == cudaErrorInvalidConfiguration, "the last error");
  CHECK(cudaGetLastError() == cudaErrorInvalidConfiguration && cudaGetLastError() == cudaSuccess, "the last error");
  CHECK(launch(1, 1025, 0, stream.get()) == cudaErrorInvalidConfiguration, "a block of 1025");
  CHECK(launch(1, dim3(64, 32), 0, stream.get()) == cudaErrorInvalidConfiguration, "a block of 2048");
  CHECK(launch(dim3(1, 65536), 32, 0, stream.get()) == cudaErrorInvalidConfiguration, "a grid too high");
  CHECK(launch(1, 32, 228 * 1024, stream.get()) == cudaErrorInvalidValue, "too much shared memory");
  CHECK(launch(1, 32, 0, nullptr) == cudaErrorInvalidResourceHandle, "no stream");
  CHECK(kda::launch(kda::LaunchConfig{.grid = 3, .block = 32, .stream = stream.get(), .cluster = dim3(2)}, good_kernel,
                    out) == cudaErrorInvalidClusterSize,
        "a grid that its clusters do not divide");
}

}  // namespace

int main() {
  testing::Stream stream;
  check_device_works(stream);
  check_deadlocks(stream);
  check_refusals(stream);
  return testing::finish("failure_test");
}
