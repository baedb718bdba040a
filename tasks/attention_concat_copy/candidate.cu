// candidate.cu: head slices, copies and concatenations of token runs, one launch each.
//   op_type 0  output = source_a, a view of some heads, made dense
//   op_type 1  output = source_a and source_b along the sequence
//   op_type 2  the same with some heads of source_a
// Entry points only: dispatch is in kda/token_copy_dispatch.cuh, kernels are in kda/token_copy_{runs,elements}.cuh.
#include "kda/token_copy_dispatch.cuh"

using namespace kda;

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) {
  token_copy::TokenCopyCall read;
  const int32_t status = token_copy::read_token_copy(*call, &read);
  return status == KDA_OK ? token_copy::launch_call(read, call->stream) : status;
}

int32_t kda_route(const KdaCall* call, KdaRoute* route) {
  token_copy::TokenCopyCall read;
  const int32_t status = token_copy::read_token_copy(*call, &read);
  return status == KDA_OK ? token_copy::describe_call(read, route) : describe_refusal(route);
}
