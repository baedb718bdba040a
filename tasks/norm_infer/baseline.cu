// baseline.cu: sglang's Triton kernels of LayerNorm and RMS norm, ported; see LINEAGE.toml in baselines/sglang.
//   entry 0  LayerNorm or RMS norm of rows;  entry 1  RMS norm of short rows, several a program
// An x that is not dense is made dense in the workspace first, by PyTorch's elementwise copy.
#include "kda/route.cuh"
#include "pytorch/copy_strided.cuh"
#include "sglang/norm_launch.cuh"

namespace {

using namespace kda;
using norm_infer::NormCall;
using sglang::NormPath;

int element_bytes_of(const NormCall& call) { return call.dtype == norm_infer::Dtype::kF32 ? 4 : 2; }

size_t workspace_bytes(const NormCall& call) {
  if (call.is_empty() || call.is_x_dense()) return 0;
  return static_cast<size_t>(call.rows * call.columns * element_bytes_of(call));
}

// A launch copies the columns and the two fastest dimensions of the rows.
template <typename T>
cudaError_t make_dense(const NormCall& call, void* to, void* stream) {
  constexpr int64_t kBytes = sizeof(T);
  pytorch::CopyDim dims[norm_infer::kMaxOuterDims];
  int64_t to_pitch = call.columns * kBytes;
  for (int dim = 0; dim < norm_infer::kMaxOuterDims; ++dim) {
    const bool is_there = dim < call.x_rows.dims;
    const int64_t size = is_there ? call.x_rows.sizes[dim] : 1;
    dims[dim] = {size, to_pitch, is_there ? call.x_rows.strides[dim] * kBytes : 0};
    to_pitch *= size;
  }
  for (int64_t outer = 0; outer < dims[3].size; ++outer) {
    for (int64_t inner = 0; inner < dims[2].size; ++inner) {
      const pytorch::CopyPart part = {
          static_cast<char*>(to) + outer * dims[3].to_pitch + inner * dims[2].to_pitch,
          static_cast<const char*>(call.x) + outer * dims[3].from_pitch + inner * dims[2].from_pitch,
          {{call.columns, kBytes, call.x_column * kBytes}, dims[0], dims[1]}};
      const cudaError_t status = pytorch::launch_copy<T>(part, stream);
      if (status != cudaSuccess) return status;
    }
  }
  return cudaSuccess;
}

int32_t launch_call(const NormCall& call, void* workspace, void* stream) {
  if (call.is_empty()) return KDA_OK;
  if (call.is_x_dense()) return status_of(sglang::launch_norm(call, call.x, stream));
  const cudaError_t status = element_bytes_of(call) == 4 ? make_dense<uint32_t>(call, workspace, stream)
                                                         : make_dense<uint16_t>(call, workspace, stream);
  return status_of(status == cudaSuccess ? sglang::launch_norm(call, workspace, stream) : status);
}

int32_t describe_call(const NormCall& call, KdaRoute* route) {
  const bool is_dense = call.is_x_dense();
  switch (sglang::norm_path_of(call)) {
    case NormPath::kEmpty:
      return describe(route, "empty", "no elements", "none", "nothing to normalise");
    case NormPath::kRow:
      return describe(route, is_dense ? "row" : "dense_then_row", "norm_infer, one dtype, 16 B accesses",
                      "norm_infer_row_kernel", "upstream's kernel; an x that is not dense is copied before");
    case NormPath::kTile:
      return describe(route, is_dense ? "one_pass_tile" : "dense_then_one_pass_tile",
                      "one-pass entry, D of 64 or 128, one dtype, 16 B accesses", "rmsnorm_onepass_tile_kernel",
                      "upstream's kernel; an x that is not dense is copied before");
    default:
      return describe(route, is_dense ? "strided" : "dense_then_strided",
                      "odd alignment or length, a mix of dtypes, or another D in the one-pass entry",
                      "norm_strided_kernel", "upstream's accesses narrow, or its tile spills, here");
  }
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall* call) {
  size_t bytes = 0;
  norm_infer::with_call(*call, [&](const NormCall& read) {
    bytes = workspace_bytes(read);
    return KDA_OK;
  });
  return bytes;
}

int32_t kda_launch(const KdaCall* call) {
  return norm_infer::with_call(
      *call, [&](const NormCall& read) { return launch_call(read, call->workspace, call->stream); });
}

int32_t kda_route(const KdaCall* call, KdaRoute* route) {
  const int32_t status =
      norm_infer::with_call(*call, [&](const NormCall& read) { return describe_call(read, route); });
  if (status == KDA_INVALID_ARGUMENT) describe_refusal(route);
  return status;
}
