// candidate.cu: cached frames before x along the depth, framed by zeros, in one launch of 16 B stores.
//   out[n, c] = pad_d_left - P zero planes, the P planes of cache[n, c], the T planes of x[n, c], each within zeros
// Entry points only: dispatch is in kda/cat_pad_dispatch.cuh, kernels are in kda/cat_pad_{windows,rows}.cuh.
#include "kda/cat_pad_dispatch.cuh"

using namespace kda;

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) {
  cat_pad::CatPadCall read;
  const int32_t status = cat_pad::read_cat_pad(*call, &read);
  return status == KDA_OK ? cat_pad::launch_call(read, call->stream) : status;
}

int32_t kda_route(const KdaCall* call, KdaRoute* route) {
  cat_pad::CatPadCall read;
  const int32_t status = cat_pad::read_cat_pad(*call, &read);
  return status == KDA_OK ? cat_pad::describe_call(read, route) : describe_refusal(route);
}
