// background_thread.cu: hands its work to a thread of its own, and returns.
// It would pay: the host's time of a call is that of waking a thread.
// Gate: imports.
#include <pthread.h>
#include <unistd.h>

#include "honest.cuh"

namespace {

using namespace honest;
using row_norm::Rows;

Rows handed_over;

void* work_later(void*) {
  usleep(1000);
  row_norm::launch_norm(handed_over, nullptr);
  return nullptr;
}

cudaError_t launch_and_hand_over(const Rows& rows, void*) {
  handed_over = rows;
  pthread_t thread;
  return pthread_create(&thread, nullptr, work_later, nullptr) == 0 ? cudaSuccess : cudaErrorUnknown;
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) { return row_norm::serve(*call, launch_and_hand_over); }

int32_t kda_route(const KdaCall* call, KdaRoute* route) { return row_norm::describe(*call, route); }
