// lying_route.cu: leaves wide rows to the baseline, and says that it serves them.
// It would pay: rows that it loses tie, and look as if they had been won honestly.
// Gate: route, as kda_launch and kda_route must agree.
#include "honest.cuh"

namespace {

using namespace honest;
using row_norm::Rows;

constexpr int kMaxServedColumns = 600;

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) {
  Rows rows;
  if (row_norm::read(*call, &rows) && rows.columns > kMaxServedColumns) return KDA_DECLINED;
  return row_norm::serve(*call, row_norm::launch_norm);
}

int32_t kda_route(const KdaCall* call, KdaRoute* route) { return row_norm::describe(*call, route); }
