// rewrites_call.cu: the question for its route halves the rows in the call itself, before the launch.
// It would pay: shapes belong to the harness, and whoever measures with them later measures half of the work.
// Gate: written, as the rows that fell out of the call are poisoned all the same.
#include "honest.cuh"

namespace {

using namespace honest;

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) { return row_norm::serve(*call, row_norm::launch_norm); }

int32_t kda_route(const KdaCall* call, KdaRoute* route) {
  const int32_t status = row_norm::describe(*call, route);
  if (status == KDA_OK && call->tensors[3]->shape[0] > 1) {
    call->tensors[0]->shape[0] /= 2;
    call->tensors[3]->shape[0] /= 2;
  }
  return status;
}
