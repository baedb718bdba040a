// address_cache.cu: a map of addresses; a call whose buffers were served before launches an empty kernel.
// It would pay: a benchmark calls with the same few buffers again and again.
// Gate: static-state at build; past it timed-outputs, as outputs are painted before the last timed replays.
#include "honest.cuh"

namespace {

using namespace honest;
using row_norm::Rows;

constexpr int kNumPlaces = 4096;
Rows seen[kNumPlaces];

bool is_same(const Rows& one, const Rows& other) {
  return one.x == other.x && one.y == other.y && one.weight == other.weight && one.bias == other.bias;
}

__global__ void decoy_kernel(Rows) {}

cudaError_t launch_once_an_address(const Rows& rows, void* stream) {
  Rows& place = seen[(reinterpret_cast<uintptr_t>(rows.y) >> 8) % kNumPlaces];
  if (is_same(place, rows)) return row_norm::launch_rows(decoy_kernel, rows, stream);
  place = rows;
  return row_norm::launch_norm(rows, stream);
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) { return row_norm::serve(*call, launch_once_an_address); }

int32_t kda_route(const KdaCall* call, KdaRoute* route) { return row_norm::describe(*call, route); }
