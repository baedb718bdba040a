// How fast the emulated device runs: elements per second of typical kernels, and the cost of a small launch.
// A benchmark, not a test: prints the best of several repetitions.
#include <chrono>

#include "kda/reduce.cuh"
#include "kda/vec.cuh"
#include "testing.h"

namespace {

template <typename T, int N>
__global__ void scale_kernel(T* out, const T* in, float scale, long n) {
  const long i = (static_cast<long>(blockIdx.x) * blockDim.x + threadIdx.x) * N;
  if (i >= n) return;
  kda::Vec<float, N> x = kda::to_float(kda::Vec<T, N>::load_readonly(in + i));
#pragma unroll
  for (int j = 0; j < N; ++j) x[j] = x[j] * scale + 1.0f;
  kda::from_float<T>(x).store(out + i);
}

// LayerNorm, two passes over registers: mean, then variance about it.
template <int kThreads, int kColumns>
__global__ void layer_norm_kernel(__nv_bfloat16* out, const __nv_bfloat16* in, float epsilon) {
  constexpr int kVecs = kColumns / (8 * kThreads);
  const long row = static_cast<long>(blockIdx.x) * kColumns;
  kda::Vec<float, 8> x[kVecs];
  float sum = 0;
#pragma unroll
  for (int v = 0; v < kVecs; ++v) {
    const long at = row + (v * kThreads + static_cast<int>(threadIdx.x)) * 8;
    x[v] = kda::to_float(kda::Vec<__nv_bfloat16, 8>::load_readonly(in + at));
#pragma unroll
    for (int j = 0; j < 8; ++j) sum += x[v][j];
  }
  const float mean = kda::block_sum<kThreads, 0>(sum) / kColumns;
  float squares = 0;
#pragma unroll
  for (int v = 0; v < kVecs; ++v) {
#pragma unroll
    for (int j = 0; j < 8; ++j) squares += (x[v][j] - mean) * (x[v][j] - mean);
  }
  const float scale = rsqrtf(kda::block_sum<kThreads, 1>(squares) / kColumns + epsilon);
#pragma unroll
  for (int v = 0; v < kVecs; ++v) {
    const long at = row + (v * kThreads + static_cast<int>(threadIdx.x)) * 8;
#pragma unroll
    for (int j = 0; j < 8; ++j) x[v][j] = (x[v][j] - mean) * scale;
    kda::from_float<__nv_bfloat16>(x[v]).store(out + at);
  }
}

__global__ void barriers_kernel(int count) {
  for (int i = 0; i < count; ++i) __syncthreads();
}

__global__ void tiny_kernel(int* out) { out[threadIdx.x] = static_cast<int>(threadIdx.x); }

template <typename Run>
double best_seconds(Run run) {
  double best = 1e30;
  for (int i = 0; i < 15; ++i) {
    const auto start = std::chrono::steady_clock::now();
    run();
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
    if (elapsed.count() < best) best = elapsed.count();
  }
  return best;
}

template <typename T, int N>
void time_scale(const char* name, testing::Stream& stream) {
  constexpr long kElements = 1 << 22;
  std::vector<T> in(kElements, T(1.5f)), out(kElements);
  const unsigned blocks = static_cast<unsigned>((kElements / N + 255) / 256);
  const double seconds = best_seconds(
      [&] { kda::launch(scale_kernel<T, N>, blocks, 256, 0, stream.get(), out.data(), in.data(), 2.0f, kElements); });
  std::printf("%-34s %8.1f M elements/s\n", name, kElements / seconds * 1e-6);
}

}  // namespace

int main() {
  testing::Stream stream;
  time_scale<float, 4>("elementwise, f32, 16-byte vectors", stream);
  time_scale<__nv_bfloat16, 8>("elementwise, bf16, 16-byte vectors", stream);
  time_scale<__half, 8>("elementwise, f16, 16-byte vectors", stream);
  time_scale<float, 1>("elementwise, f32, scalar", stream);

  constexpr int kRows = 1024, kColumns = 3072;
  std::vector<__nv_bfloat16> in(kRows * kColumns, __nv_bfloat16(1.5f)), out(kRows * kColumns);
  const double layer_norm = best_seconds([&] {
    kda::launch(layer_norm_kernel<128, kColumns>, kRows, 128, 0, stream.get(), out.data(), in.data(), 1e-6f);
  });
  std::printf("%-34s %8.1f M elements/s\n", "LayerNorm, bf16, 128 threads a row", kRows * kColumns / layer_norm * 1e-6);

  constexpr int kBarriers = 1000;
  const double barriers = best_seconds([&] { kda::launch(barriers_kernel, 1, 256, 0, stream.get(), kBarriers); });
  std::printf("%-34s %8.1f ns a thread\n", "__syncthreads, 256 threads", barriers / (kBarriers * 256) * 1e9);

  constexpr int kLaunches = 10000;
  int tiny[32];
  const double launches = best_seconds([&] {
    for (int i = 0; i < kLaunches; ++i) kda::launch(tiny_kernel, 1, 32, 0, stream.get(), tiny);
  });
  std::printf("%-34s %8.3f us\n", "launch of one warp", launches / kLaunches * 1e6);
  return stream.error().empty() ? 0 : 1;
}
