// group_norm_on_chip.cuh: which 16-bit calls the kernels serve that keep x in shared memory, and their launches. Host code.
//   dense x          clusters while it is small, else teams, which need a whole group on the chip
//   channels-last x  columns while it is small, else positions, of which only a part need fit
#pragma once

#include "kda/group_norm_call.cuh"
#include "kda/group_norm_clusters.cuh"
#include "kda/group_norm_columns.cuh"
#include "kda/group_norm_positions.cuh"
#include "kda/group_norm_teams.cuh"
#include "kda/launch.cuh"
#include "kda/tensor.cuh"

namespace kda::group_norm {

// Bytes of x an SM up to which clusters, or columns, are faster; measured on an H100 (19 and 9 MB in all).
constexpr int64_t kClusterBytesPerSm = 145 * 1024, kColumnsBytesPerSm = 68 * 1024;
constexpr int64_t kMaxSmemBytes = 227 * 1024;  // of a block, sm_90 and sm_100

enum class OnChip { kNone, kClusters, kTeams, kColumns, kPositions };

struct OnChipPlan {
  OnChip kind = OnChip::kNone;
  int team = 1;           // blocks that share a group; of kPositions, all blocks
  int teams = 1;          // of kTeams
  int steps = 0, lead = 0, slots = 0;
  int unit_positions = 0;  // of kPositions

  // Words, all zero before the launch.
  int64_t mailboxes(const GroupNormCall& call) const {
    if (kind == OnChip::kTeams) return call.rows() * team;
    return kind == OnChip::kPositions ? call.groups * team : 0;
  }
};

inline int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

inline int multiprocessors() {
  int device = 0, count = 0;
  if (cudaGetDevice(&device) != cudaSuccess ||
      cudaDeviceGetAttribute(&count, cudaDevAttrMultiProcessorCount, device) != cudaSuccess) {
    return 1;
  }
  return count;
}

namespace detail {

// As many teams as there can be, since those are the fewest blocks to wait for; with a lead of three steps where that
// leaves a choice, which on an H100 is worth half as many teams.
inline OnChipPlan plan_teams(const GroupNormCall& call, int sms) {
  constexpr int kGoodLead = 3;
  const int64_t row_vectors = call.group_elements() / kTeamVector;
  OnChipPlan best;
  int teams = 1;
  while (2 * teams <= sms && 2 * teams <= call.rows()) teams *= 2;
  for (; teams >= 1; teams /= 2) {
    OnChipPlan plan;
    plan.kind = OnChip::kTeams;
    plan.team = sms / teams;
    plan.teams = teams;
    plan.steps = static_cast<int>(ceil_div(ceil_div(row_vectors, plan.team), kTeamWorkers));
    const int64_t all_steps = ceil_div(call.rows(), teams) * plan.steps;
    const int most_lead = kTeamMaxSlots - kTeamAhead - 1 - plan.steps;
    plan.lead = most_lead < plan.steps ? most_lead : plan.steps;
    if (all_steps <= kTeamMaxSlots) {
      plan.lead = 0;
      plan.slots = static_cast<int>(all_steps);
      return plan;
    }
    if (plan.lead < 0) continue;
    plan.slots = plan.steps + plan.lead + kTeamAhead + 1;
    if (plan.lead >= kGoodLead || plan.lead == plan.steps) return plan;
    if (best.kind == OnChip::kNone) best = plan;
  }
  return best;
}

inline OnChipPlan plan_clusters(const GroupNormCall& call) {
  constexpr int64_t kOneBlockBytes = 32 * 1024;
  OnChipPlan plan;
  plan.kind = OnChip::kClusters;
  plan.team = call.group_elements() * call.element_bytes <= kOneBlockBytes ? 1 : kClusterMaxBlocks;
  return plan;
}

inline OnChipPlan plan_columns(const GroupNormCall& call) {
  constexpr int64_t kOneBlockBytes = 8 * 1024, kFourBlockBytes = 24 * 1024;
  const int64_t bytes = call.group_elements() * call.element_bytes;
  OnChipPlan plan;
  plan.kind = OnChip::kColumns;
  plan.team = bytes <= kOneBlockBytes ? 1 : bytes <= kFourBlockBytes ? 4 : kColumnsMaxCluster;
  return plan;
}

inline int64_t positions_unit_bytes(int unit_positions, int channels) {
  return unit_positions == 64   ? unit_bytes<64>(channels)
         : unit_positions == 32 ? unit_bytes<32>(channels)
                                : unit_bytes<16>(channels);
}

inline OnChipPlan plan_positions(const GroupNormCall& call, int sms) {
  constexpr int64_t kUnitBytes = 32 * 1024;
  const int channels = static_cast<int>(call.channels());
  OnChipPlan plan;
  plan.kind = OnChip::kPositions;
  plan.unit_positions = 64;
  while (plan.unit_positions > 16 && plan.unit_positions * channels * call.element_bytes > kUnitBytes) {
    plan.unit_positions /= 2;
  }
  const int64_t units = ceil_div(call.positions, plan.unit_positions);
  plan.team = static_cast<int>(units < sms ? units : sms);
  const int64_t room = kMaxSmemBytes - positions_table_bytes(channels) - kPositionsScratchBytes;
  const int64_t fit = room / positions_unit_bytes(plan.unit_positions, channels);
  int64_t wanted = ceil_div(units, plan.team);
  if (wanted < kPositionsAhead + 1) wanted = kPositionsAhead + 1;
  plan.slots = static_cast<int>(fit < wanted ? fit : wanted);
  return plan.slots < kPositionsAhead + 1 ? OnChipPlan{} : plan;
}

}  // namespace detail

// Pointers that are not known yet count as aligned.
inline OnChipPlan plan_on_chip(const GroupNormCall& call) {
  constexpr int64_t kAccessBytes = 16, kMaxGridYZ = 65535;
  const auto is_aligned = [](const void* data) { return reinterpret_cast<uintptr_t>(data) % kAccessBytes == 0; };
  if (call.element_bytes != 2 || call.positions % 8 != 0 || !is_aligned(call.x) || !is_aligned(call.out) ||
      call.rows() > kMaxGridYZ || call.group_channels > kTeamMaxChannels) {
    return {};
  }
  const int sms = multiprocessors();
  const int64_t bytes_per_sm = call.elements() * call.element_bytes / sms;
  if (call.is_dense) {
    const int64_t slice = ceil_div(call.group_elements() / kClusterVector, kClusterMaxBlocks);
    const bool fits = static_cast<int64_t>(cluster_smem_bytes<__half>(static_cast<int>(slice))) <= kMaxSmemBytes;
    return bytes_per_sm <= kClusterBytesPerSm && fits ? detail::plan_clusters(call) : detail::plan_teams(call, sms);
  }
  const bool is_channels_last = call.channel_stride == 1 && call.space.dims == 1 &&
                                call.space.strides[0] == call.channels() && call.channels() % 8 == 0 &&
                                (call.batch == 1 || call.batch_stride == call.channels() * call.positions);
  if (!is_channels_last) return {};
  const bool has_columns = call.group_channels == 8 || call.group_channels == 16 || call.group_channels == 32;
  if (has_columns && bytes_per_sm <= kColumnsBytesPerSm) return detail::plan_columns(call);
  const bool has_positions = call.batch == 1 && call.group_channels % 4 == 0 && call.channels() <= kPositionsMaxChannels;
  return has_positions ? detail::plan_positions(call, sms) : OnChipPlan{};
}

namespace detail {

template <typename T, template <typename> typename Arguments>
Arguments<T> arguments_of(const GroupNormCall& call) {
  Arguments<T> a = {};
  a.x = reinterpret_cast<const T*>(call.x);
  a.weight = static_cast<const T*>(call.weight);
  a.bias = static_cast<const T*>(call.bias);
  a.out = static_cast<T*>(call.out);
  a.groups = static_cast<int>(call.groups);
  a.inverse_count = 1.0f / static_cast<float>(call.group_elements());
  a.eps = call.eps;
  return a;
}

template <typename T>
cudaError_t launch_clusters(const GroupNormCall& call, const OnChipPlan& plan, void* stream) {
  constexpr int64_t kFewBytes = 80 * 1024, kManyBytes = 300 * 1024;  // of a group
  ClusterArguments<T> a = arguments_of<T, ClusterArguments>(call);
  a.group_channels = static_cast<int>(call.group_channels);
  a.row_vectors = static_cast<int>(call.group_elements() / kClusterVector);
  a.channel_vectors = static_cast<int>(call.positions / kClusterVector);
  a.slice = static_cast<int>(ceil_div(a.row_vectors, plan.team));
  LaunchConfig config;
  config.grid = dim3(static_cast<unsigned>(plan.team), static_cast<unsigned>(call.rows()));
  config.smem_bytes = cluster_smem_bytes<T>(a.slice);
  config.stream = stream;
  config.cluster = dim3(static_cast<unsigned>(plan.team));
  const auto launch_with = [&](auto kernel, unsigned threads) {
    config.block = dim3(threads);
    return launch(config, kernel, a);
  };
  const int64_t bytes = call.group_elements() * call.element_bytes;
  if (plan.team == 1) {
    return bytes <= 8 * 1024 ? launch_with(group_norm_clusters_kernel<T, 256>, 256)
                             : launch_with(group_norm_clusters_kernel<T, 512>, 512);
  }
  if (bytes <= kFewBytes) return launch_with(group_norm_clusters_kernel<T, 128>, 128);
  return bytes <= kManyBytes ? launch_with(group_norm_clusters_kernel<T, 256>, 256)
                             : launch_with(group_norm_clusters_kernel<T, 512>, 512);
}

template <typename T>
cudaError_t launch_teams(const GroupNormCall& call, const OnChipPlan& plan, unsigned long long* mailboxes,
                         void* stream) {
  TeamArguments<T> a = arguments_of<T, TeamArguments>(call);
  a.mailboxes = mailboxes;
  a.rows = static_cast<int>(call.rows());
  a.group_channels = static_cast<int>(call.group_channels);
  a.team = plan.team;
  a.teams = plan.teams;
  a.row_vectors = static_cast<int>(call.group_elements() / kTeamVector);
  a.channel_vectors = static_cast<int>(call.positions / kTeamVector);
  a.slice = static_cast<int>(ceil_div(a.row_vectors, plan.team));
  a.steps = plan.steps;
  a.lead = plan.lead;
  a.slots = plan.slots;
  return launch_cooperative(group_norm_teams_kernel<T>, dim3(static_cast<unsigned>(plan.team * plan.teams)),
                            dim3(kTeamWorkers + 32), team_smem_bytes<T>(plan.slots), stream, a);
}

template <typename T>
cudaError_t launch_columns(const GroupNormCall& call, const OnChipPlan& plan, void* stream) {
  ColumnsArguments<T> a = arguments_of<T, ColumnsArguments>(call);
  a.channels = static_cast<int>(call.channels());
  a.positions = static_cast<int>(call.positions);
  a.team = plan.team;
  a.slice = static_cast<int>(ceil_div(ceil_div(call.positions, plan.team), kColumnsVector) * kColumnsVector);
  LaunchConfig config;
  config.grid = dim3(static_cast<unsigned>(plan.team), static_cast<unsigned>(call.groups),
                     static_cast<unsigned>(call.batch));
  config.block = dim3(kColumnsThreads);
  config.stream = stream;
  config.cluster = dim3(static_cast<unsigned>(plan.team));
  const auto launch_with = [&](auto kernel, size_t smem_bytes) {
    config.smem_bytes = smem_bytes;
    return launch(config, kernel, a);
  };
  switch (call.group_channels) {
    case 8:
      return launch_with(group_norm_columns_kernel<T, 8>, columns_smem_bytes<T, 8>(a.slice));
    case 16:
      return launch_with(group_norm_columns_kernel<T, 16>, columns_smem_bytes<T, 16>(a.slice));
    default:
      return launch_with(group_norm_columns_kernel<T, 32>, columns_smem_bytes<T, 32>(a.slice));
  }
}

template <typename T>
cudaError_t launch_positions(const GroupNormCall& call, const OnChipPlan& plan, unsigned long long* mailboxes,
                             void* stream) {
  PositionsArguments<T> a = arguments_of<T, PositionsArguments>(call);
  a.mailboxes = mailboxes;
  a.channels = static_cast<int>(call.channels());
  a.group_channels = static_cast<int>(call.group_channels);
  a.positions = static_cast<int>(call.positions);
  a.units = static_cast<int>(ceil_div(call.positions, plan.unit_positions));
  a.slots = plan.slots;
  const auto kernel = plan.unit_positions == 64   ? group_norm_positions_kernel<T, 64>
                      : plan.unit_positions == 32 ? group_norm_positions_kernel<T, 32>
                                                  : group_norm_positions_kernel<T, 16>;
  const int64_t smem_bytes = positions_table_bytes(a.channels) + kPositionsScratchBytes +
                             plan.slots * positions_unit_bytes(plan.unit_positions, a.channels);
  return launch_cooperative(kernel, dim3(static_cast<unsigned>(plan.team)), dim3(kPositionsThreads),
                            static_cast<size_t>(smem_bytes), stream, a);
}

}  // namespace detail

template <typename T>
cudaError_t launch_on_chip(const GroupNormCall& call, const OnChipPlan& plan, void* workspace, void* stream) {
  auto* const mailboxes = static_cast<unsigned long long*>(workspace);
  if (plan.mailboxes(call) != 0) {
    const cudaError_t status =
        cudaMemsetAsync(mailboxes, 0, static_cast<size_t>(plan.mailboxes(call)) * sizeof(*mailboxes),
                        static_cast<cudaStream_t>(stream));
    if (status != cudaSuccess) return status;
  }
  switch (plan.kind) {
    case OnChip::kClusters:
      return detail::launch_clusters<T>(call, plan, stream);
    case OnChip::kTeams:
      return detail::launch_teams<T>(call, plan, mailboxes, stream);
    case OnChip::kColumns:
      return detail::launch_columns<T>(call, plan, stream);
    default:
      return detail::launch_positions<T>(call, plan, mailboxes, stream);
  }
}

}  // namespace kda::group_norm
