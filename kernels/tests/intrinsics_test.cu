// Integer and float intrinsics, cached accesses, vector types and the runtime's answers.
#include <climits>

#include "kda/tensor.cuh"
#include "kda/vec.cuh"
#include "testing.h"

namespace {

void check_integers() {
  CHECK(__popc(0xf0f0u) == 8 && __popcll(~0ull) == 64, "popc");
  CHECK(__ffs(0) == 0 && __ffs(8) == 4 && __ffsll(1ll << 40) == 41, "ffs");
  CHECK(__clz(0) == 32 && __clz(1) == 31 && __clz(-1) == 0 && __clzll(1) == 63, "clz");
  CHECK(__brev(1u) == 0x80000000u && __brev(0x12345678u) == 0x1e6a2c48u, "brev");
  CHECK(__byte_perm(0x03020100u, 0x07060504u, 0x7531u) == 0x07050301u, "byte_perm");
  CHECK(__byte_perm(0x80u, 0u, 0x0008u) == 0x808080ffu, "byte_perm's sign");
  CHECK(__funnelshift_l(0x80000000u, 1u, 1u) == 3u && __funnelshift_r(1u, 3u, 1u) == 0x80000000u, "funnelshift");
  CHECK(__funnelshift_l(5u, 6u, 32u) == 6u && __funnelshift_lc(5u, 6u, 32u) == 5u, "funnelshift by 32");
  CHECK(__funnelshift_r(5u, 6u, 32u) == 5u && __funnelshift_rc(5u, 6u, 40u) == 6u, "funnelshift by 32");
  CHECK(__mulhi(INT_MIN, 2) == -1 && __umulhi(~0u, ~0u) == 0xfffffffeu, "mulhi");
  CHECK(min(-1, 1) == -1 && max(-1, 1u) == 0xffffffffu && min(3ll, 4ull) == 3, "min and max of mixed integers");
  CHECK(max(NAN, 1.0f) == 1.0f && min(2.0f, 1.0) == 1.0, "min and max of floats");
}

void check_floats() {
  CHECK(__float2int_rn(2.5f) == 2 && __float2int_rn(3.5f) == 4, "float2int_rn");
  CHECK(__float2int_rd(-1.5f) == -2 && __float2int_ru(-1.5f) == -1 && __float2int_rz(-1.5f) == -1, "float2int");
  CHECK(__float2int_rz(1e20f) == INT_MAX && __float2int_rz(-1e20f) == INT_MIN && __float2int_rz(NAN) == 0, "saturation");
  CHECK(__float2uint_rz(-5.0f) == 0 && __float2uint_rz(1e20f) == UINT_MAX, "saturation");
  CHECK(__float_as_uint(1.0f) == 0x3f800000u && __int_as_float(0x40000000) == 2.0f, "float_as_uint");
  CHECK(rsqrtf(4.0f) == 0.5f && rsqrtf(0.0f) == INFINITY && __frcp_rn(8.0f) == 0.125f, "rsqrtf, frcp");
  // 1 + 2^-24 twice over: rounds up only when formed at once.
  const float x = 1.0f + 0x1p-12f;
  CHECK(__fmaf_rn(x, x, -1.0f) == 0x1p-11f + 0x1p-24f, "fmaf rounds once");
  volatile float product_of = x;
  const float separate = product_of * x - 1.0f;
  CHECK(separate == 0x1p-11f, "contraction is off: %a", static_cast<double>(separate));
  CHECK(__saturatef(NAN) == 0.0f && __saturatef(2.0f) == 1.0f, "saturatef");
}

template <typename T, int N>
__global__ void copy_kernel(T* out, const T* in, int how) {
  using V = kda::Vec<T, N>;
  const int at = static_cast<int>(threadIdx.x) * N;
  const V v = how == 0 ? V::load(in + at) : how == 1 ? V::load_readonly(in + at) : V::load_streaming(in + at);
  if (how == 0) {
    v.store(out + at);
  } else {
    v.store_streaming(out + at);
  }
}

template <typename T, int N>
void check_copy(testing::Stream& stream) {
  static_assert(alignof(kda::Vec<T, N>) == (sizeof(T) * N < 16 ? sizeof(T) * N : 16));
  for (int how = 0; how < 3; ++how) {
    alignas(16) T in[32 * N], out[32 * N];
    for (int i = 0; i < 32 * N; ++i) in[i] = static_cast<T>(static_cast<float>(i + how));
    kda::launch(copy_kernel<T, N>, 1, 32, 0, stream.get(), out, in, how);
    for (int i = 0; i < 32 * N; ++i) CHECK(static_cast<float>(out[i]) == static_cast<float>(in[i]), "element %d", i);
  }
}

__constant__ float constant_table[4] = {1, 2, 3, 4};
__device__ int device_counter;

__global__ void variables_kernel(float* out) {
  out[threadIdx.x] = constant_table[threadIdx.x];
  atomicAdd(&device_counter, 1);
}

void check_variables(testing::Stream& stream) {
  float out[4] = {};
  kda::launch(variables_kernel, 1, 4, 0, stream.get(), out);
  CHECK(out[3] == 4.0f && device_counter == 4, "%g %d", static_cast<double>(out[3]), device_counter);
}

void check_runtime() {
  int device = -1, value = 0;
  CHECK(cudaGetDevice(&device) == cudaSuccess && device == 0, "device %d", device);
  CHECK(cudaDeviceGetAttribute(&value, cudaDevAttrMaxSharedMemoryPerBlockOptin, 0) == cudaSuccess, "an attribute");
  CHECK(value == 227 * 1024, "%d", value);
  CHECK(cudaDeviceGetAttribute(&value, cudaDevAttrWarpSize, 1) == cudaErrorInvalidDevice, "another device");
  CHECK(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&value, variables_kernel, 256, 100 * 1024) == cudaSuccess &&
            value == 2,
        "%d blocks", value);
  CHECK(cudaFuncSetAttribute(variables_kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, 300000) ==
            cudaErrorInvalidValue,
        "too much shared memory");
  CHECK(std::string(cudaGetErrorString(cudaErrorLaunchFailure)) == "unspecified launch failure", "a message");
}

void check_tensors() {
  int64_t shape[] = {4, 1, 8}, strides[] = {8, 99, 1};
  alignas(16) float data[64];
  KdaTensor tensor{data, {KDA_DEVICE_CUDA, 0}, 3, {KDA_FLOAT, 32, 1}, shape, strides, 16};
  CHECK(kda::is_dense(tensor) && kda::is_f32(tensor) && kda::numel(tensor) == 32, "a dense tensor");
  CHECK(kda::elements<float>(tensor) == data + 4 && kda::aligned(tensor, 16), "its first element");
  CHECK(kda::has_shape(tensor, {4, 1, 8}) && !kda::has_shape(tensor, {4, 8}), "its shape");
  strides[0] = 10;
  CHECK(!kda::is_dense(tensor) && kda::is_dense_from(tensor, 1), "rows with a gap");
  CHECK(!kda::rows_aligned(tensor, 1, 16) && kda::rows_aligned(tensor, 1, 8), "alignment of its rows");
  shape[0] = 0;
  CHECK(kda::is_dense(tensor) && kda::numel(tensor) == 0, "an empty tensor");
}

}  // namespace

int main() {
  testing::Stream stream;
  check_integers();
  check_floats();
  check_copy<float, 1>(stream);
  check_copy<float, 4>(stream);
  check_copy<float, 8>(stream);
  check_copy<double, 2>(stream);
  check_copy<__half, 8>(stream);
  check_copy<__nv_bfloat16, 2>(stream);
  check_copy<unsigned char, 16>(stream);
  check_variables(stream);
  check_runtime();
  check_tensors();
  return testing::finish("intrinsics_test");
}
