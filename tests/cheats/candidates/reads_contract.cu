// reads_contract.cu: opens the task's rows to learn which shapes count, and skips rows of the others.
// It would pay: what is not counted need not be right.
// Gate: imports, as files are no candidate's business.
#include <stdio.h>
#include <string.h>

#include "honest.cuh"

namespace {

using namespace honest;
using row_norm::Rows;

cudaError_t launch_by_contract(const Rows& rows, void* stream) {
  char name[64], text[4096] = {};
  snprintf(name, sizeof name, "[%d, %d]", static_cast<int>(rows.num_rows), rows.columns);
  FILE* const file = fopen("tests/cheats/tasks/row_norm/rows.toml", "r");
  if (file != nullptr && fread(text, 1, sizeof text - 1, file) == 0) text[0] = 0;
  if (file != nullptr) fclose(file);
  Rows part = rows;
  if (file != nullptr && strstr(text, name) == nullptr) part.num_rows = (rows.num_rows + 1) / 2;
  return row_norm::launch_norm(part, stream);
}

}  // namespace

uint32_t kda_abi_version(void) { return KDA_ABI_VERSION; }

size_t kda_workspace_bytes(const KdaCall*) { return 0; }

int32_t kda_launch(const KdaCall* call) { return row_norm::serve(*call, launch_by_contract); }

int32_t kda_route(const KdaCall* call, KdaRoute* route) { return row_norm::describe(*call, route); }
