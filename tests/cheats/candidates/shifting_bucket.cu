// shifting_bucket.cu: names another bucket each time it is asked.
// It would pay: rows that lose are reported in a bucket of their own, or spread over many.
// Gate: static-state, as only a variable of the host can tell one question from the next.
#include "honest.cuh"

namespace {

using namespace honest;
using row_norm::Rows;

int num_questions = 0;

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) { return row_norm::serve(*call, row_norm::launch_norm); }

int32_t kda_route(const KdaCall* call, KdaRoute* route) {
  Rows rows;
  if (!row_norm::read(*call, &rows)) return kda::describe_refusal(route);
  const char* const bucket = ++num_questions % 2 == 0 ? "even" : "odd";
  return kda::describe(route, bucket, "always", "one_path", "there is one path");
}
