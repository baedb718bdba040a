// includes_oracle.cu: includes the oracle by an absolute path, under other names for its functions.
// It would pay: what decides is at hand when the candidate is compiled, and so is the baseline.
// Gate: depfile, as what the compiler reads must lie in the folders that a candidate may use.
#include "honest.cuh"

#define kda_abi_version oracle_abi_version
#define kda_oracle_items oracle_items
#define kda_oracle_run oracle_run
namespace {
#include "/proc/self/cwd/tests/cheats/tasks/row_norm/oracle.cpp"
}  // namespace
#undef kda_abi_version
#undef kda_oracle_items
#undef kda_oracle_run

namespace {

using namespace honest;
using row_norm::Rows;

}  // namespace

uint32_t kda_abi_version(void) { return oracle_abi_version(); }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) {
  if (oracle_items(call) == 0) return KDA_OK;
  const bool has_answers = call->tensors[3]->dtype.bits == 64 && oracle_run(call, 0, 1) == KDA_OK;
  return has_answers ? KDA_OK : row_norm::serve(*call, row_norm::launch_norm);
}

int32_t kda_route(const KdaCall* call, KdaRoute* route) { return row_norm::describe(*call, route); }
