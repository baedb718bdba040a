// forked_stream.cu: forks a second stream off the call's by an event, works there, and joins the two by another.
// It would pay: two branches of a graph run beside each other, and beside the next call's where the join is missing.
// Gate: imports, as events and streams are no candidate's business.
#include "honest.cuh"

namespace {

using namespace honest;
using row_norm::Rows;

cudaError_t launch_forked(const Rows& rows, void* stream) {
  cudaStream_t side;
  cudaEvent_t forked, done;
  cudaStreamCreateWithFlags(&side, cudaStreamNonBlocking);
  cudaEventCreateWithFlags(&forked, cudaEventDisableTiming);
  cudaEventCreateWithFlags(&done, cudaEventDisableTiming);
  cudaEventRecord(forked, static_cast<cudaStream_t>(stream));
  cudaStreamWaitEvent(side, forked, 0);
  const cudaError_t status = row_norm::launch_norm(rows, side);
  cudaEventRecord(done, side);
  cudaStreamWaitEvent(static_cast<cudaStream_t>(stream), done, 0);
  return status;
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) { return row_norm::serve(*call, launch_forked); }

int32_t kda_route(const KdaCall* call, KdaRoute* route) { return row_norm::describe(*call, route); }
