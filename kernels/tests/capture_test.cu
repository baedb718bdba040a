// Launches, memsets and copies as nodes: what a node says of itself, and that a recorded one replays from its copy.
#include "testing.h"

namespace {

struct alignas(64) Wide {
  float scale;
  int count;
};

template <typename T>
__global__ void scale_kernel(T* data, const __grid_constant__ Wide wide, long offset, signed char sign) {
  const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (i < wide.count) data[i] = static_cast<T>(data[i] * static_cast<T>(wide.scale) * sign) + static_cast<T>(offset);
}

__global__ void no_params_kernel() {}

// The host's arguments are gone when the nodes replay.
void record(testing::Stream& stream, float* data, float* copy) {
  Wide wide{2.0f, 100};
  cudaMemsetAsync(copy, 0xff, 100 * sizeof(float), stream.get());
  kda::launch(scale_kernel<float>, dim3(4, 1, 1), 32, 64, stream.get(), data, wide, 1, -1);
  kda::launch(scale_kernel<double>, 1, 32, 0, stream.get(), static_cast<double*>(nullptr), Wide{1.0f, 0}, 0, 1);
  kda::launch(no_params_kernel, 1, 1, 0, stream.get());
  kda::launch(kda::LaunchConfig{.grid = 4, .block = 1, .stream = stream.get(), .cluster = dim3(2, 1, 1)},
              no_params_kernel);
  cudaMemcpyAsync(copy, data, 50 * sizeof(float), cudaMemcpyDeviceToDevice, stream.get());
  wide.scale = 0;
}

template <typename T>
T param(const KdaEmulatedNode& node, unsigned index) {
  T value;
  std::memcpy(&value, static_cast<const char*>(node.args) + node.params[index].offset, sizeof(T));
  return value;
}

void check_nodes(const testing::Stream& stream, float* data, float* copy) {
  CHECK(stream.num_recorded() == 6, "%zu nodes", stream.num_recorded());
  if (stream.num_recorded() != 6) return;
  const KdaEmulatedNode& memset_node = stream.recorded(0);
  CHECK(memset_node.kind == KDA_NODE_MEMSET && memset_node.num_params == 3, "kind %d", memset_node.kind);
  CHECK(param<float*>(memset_node, 0) == copy && param<uint64_t>(memset_node, 1) == 0xff, "memset's parameters");
  CHECK(param<uint64_t>(memset_node, 2) == 400, "memset's parameters");

  const KdaEmulatedNode& scale = stream.recorded(1);
  CHECK(scale.kind == KDA_NODE_KERNEL && scale.num_params == 4, "kind %d, %u parameters", scale.kind, scale.num_params);
  CHECK(scale.grid[0] == 4 && scale.block[0] == 32 && scale.cluster[0] == 1 && scale.smem_bytes == 64, "geometry");
  CHECK(param<float*>(scale, 0) == data && param<Wide>(scale, 1).scale == 2.0f, "parameters");
  CHECK(param<long>(scale, 2) == 1 && param<signed char>(scale, 3) == -1, "converted parameters");
  CHECK(scale.params[1].bytes == 64 && scale.params[1].offset % 64 == 0, "an aligned parameter");
  CHECK(std::strstr(scale.name, "scale_kernelIfE") != nullptr, "name %s", scale.name);
  CHECK(std::strstr(stream.recorded(2).name, "scale_kernelIdE") != nullptr, "name %s", stream.recorded(2).name);
  CHECK(stream.recorded(3).num_params == 0, "%u parameters", stream.recorded(3).num_params);
  CHECK(stream.recorded(3).name == stream.recorded(4).name && stream.recorded(4).cluster[0] == 2, "a cluster of 2");

  const KdaEmulatedNode& memcpy_node = stream.recorded(5);
  CHECK(memcpy_node.kind == KDA_NODE_MEMCPY && param<float*>(memcpy_node, 1) == data, "memcpy's parameters");
}

}  // namespace

int main() {
  testing::Stream stream;
  stream.recording = true;
  std::vector<float> data(100), copy(100, 7.0f);
  for (int i = 0; i < 100; ++i) data[static_cast<size_t>(i)] = static_cast<float>(i);
  record(stream, data.data(), copy.data());
  check_nodes(stream, data.data(), copy.data());
  for (int i = 0; i < 100; ++i) CHECK(data[static_cast<size_t>(i)] == static_cast<float>(i), "recording ran element %d", i);

  CHECK(stream.replay() && stream.replay(), "%s", stream.error().c_str());
  for (int i = 0; i < 100; ++i) {
    const float expected = static_cast<float>(-2 * (-2 * i + 1) + 1);
    const size_t at = static_cast<size_t>(i);
    CHECK(data[at] == expected, "element %d: %g", i, static_cast<double>(data[at]));
    CHECK(i < 50 ? copy[at] == expected : isnan(copy[at]), "copy of %d: %g", i, static_cast<double>(copy[at]));
  }
  CHECK(cudaMemcpyAsync(data.data(), copy.data(), 4, cudaMemcpyHostToDevice, stream.get()) ==
            cudaErrorInvalidMemcpyDirection,
        "a copy from the host");
  return testing::finish("capture_test");
}
