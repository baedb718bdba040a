// group_norm_teams.cuh: GroupNorm + SiLU of large dense x, read once: a team of blocks holds a group in shared memory.
//   t = (x - mean) * rstd * weight[c] + bias[c],  out = t * sigmoid(t);  mean and variance over a group
//   x, out: [rows, group_channels, positions], 16-bit, dense;  rows = batch * groups;  positions % 8 == 0
// Moves 4 B an element, each once. Bound: HBM. [1, 256, 17, 256, 256] f16: 1140.9 MB, 341 us at the 3.35 TB/s of the
// H100 SXM data sheet; two passes would move half as much again.
// Grid: cooperative, one block an SM, in teams that stride over the rows. A worker thread owns every kTeamWorkers-th
// vector of its block's slice and a private ring of slots in shared memory, so that no worker waits for another's copies.
// Each step of a worker normalises a vector of one row, lets its slot take a later vector, and sums up one that has
// arrived, `lead` steps beyond the row that is normalised. One more warp, the messenger, tells the team the block's sums
// through mailboxes in global memory and works out what the workers need of a row, while they go on with the one before.
#pragma once

#include "kda/async_copy.cuh"
#include "kda/group_norm_exchange.cuh"
#include "kda/vec.cuh"

namespace kda::group_norm {

constexpr int kTeamWorkers = 512;        // threads
constexpr int kTeamAhead = 8;            // copies of a worker under way
constexpr int kTeamMaxSlots = 27;        // of a worker, as many as an SM's shared memory has room for
constexpr int kTeamMaxChannels = 64;     // of a group
constexpr int kTeamVector = 8;           // elements

template <typename T>
struct TeamArguments {
  const T *x, *weight, *bias;
  T* out;
  unsigned long long* mailboxes;  // [rows, team], zero
  int rows, groups, group_channels;
  int team, teams;  // blocks of a team, teams
  int row_vectors, channel_vectors;
  int slice, steps;  // of a row's vectors, what a block takes, and a worker
  int lead;          // steps, at most `steps`
  int slots;         // steps + lead + kTeamAhead + 1, or all vectors of a worker
  float inverse_count, eps;
};

template <typename T>
struct TeamShared {
  unsigned ready;                        // turns whose affine is there
  unsigned delivered[2];                 // sums of even and of odd turns, by warps, one of which may be a turn ahead
  GroupSums sums[2][kTeamWorkers / 32];
  ChannelAffine<T> affine[2][kTeamMaxChannels];
};

template <typename T>
constexpr size_t team_smem_bytes(int slots) {
  return (sizeof(TeamShared<T>) + 127) / 128 * 128 + size_t{16} * static_cast<size_t>(kTeamWorkers * slots);
}

namespace detail {

template <typename T>
__device__ __forceinline__ float team_origin(const TeamArguments<T>& call, int row) {
  return to_float(call.x[int64_t{row} * call.row_vectors * kTeamVector]);
}

// The messenger's warp. `turn` counts the team's rows.
template <typename T>
__device__ __forceinline__ void exchange_sums(const TeamArguments<T>& call, TeamShared<T>& shared, int team, int member) {
  constexpr unsigned kWarps = kTeamWorkers / 32;
  constexpr int kChannelsPerLane = kTeamMaxChannels / 32;
  const int lane = static_cast<int>(threadIdx.x) % 32;
  unsigned turn = 0;
  for (int row = team; row < call.rows; row += call.teams, ++turn) {
    const float origin = team_origin(call, row);
    float weights[kChannelsPerLane] = {}, biases[kChannelsPerLane] = {};
#pragma unroll
    for (int i = 0; i < kChannelsPerLane; ++i) {
      if (lane + 32 * i < call.group_channels) {
        const int channel = row % call.groups * call.group_channels + lane + 32 * i;
        weights[i] = to_float(call.weight[channel]);
        biases[i] = to_float(call.bias[channel]);
      }
    }
    wait_for_count(&shared.delivered[turn % 2], (turn / 2 + 1) * kWarps);
    GroupSums mine;
    if (lane < static_cast<int>(kWarps)) mine = shared.sums[turn % 2][lane];
    mine = lanes_total<32>(mine);
    unsigned long long* const mailboxes = call.mailboxes + int64_t{row} * call.team;
    if (lane == 0) post(&mailboxes[member], packed(mine));
    GroupSums theirs;
    for (int other = lane; other < call.team; other += 32) {
      const GroupSums word = unpacked(wait_for(&mailboxes[other]));
      theirs.sum += word.sum;
      theirs.squares += word.squares;
    }
    const GroupMoments moments = moments_of(lanes_total<32>(theirs), origin, call.inverse_count, call.eps);
#pragma unroll
    for (int i = 0; i < kChannelsPerLane; ++i) {
      if (lane + 32 * i < call.group_channels) {
        shared.affine[turn % 2][lane + 32 * i] = ChannelAffine<T>::of(moments, weights[i], biases[i]);
      }
    }
    __threadfence_block();
    __syncwarp();
    if (lane == 0) raise_count(&shared.ready);
  }
}

}  // namespace detail

template <typename T>
__global__ void __launch_bounds__(kTeamWorkers + 32, 1) group_norm_teams_kernel(const TeamArguments<T> call) {
  using Vector = Vec<T, kTeamVector>;
  KDA_DYNAMIC_SMEM(unsigned char, smem);
  auto& shared = *reinterpret_cast<TeamShared<T>*>(smem);
  const int team = static_cast<int>(blockIdx.x) / call.team, member = static_cast<int>(blockIdx.x) % call.team;
  const int worker = static_cast<int>(threadIdx.x);
  if (worker == 0) shared.ready = shared.delivered[0] = shared.delivered[1] = 0;
  __syncthreads();
  if (worker >= kTeamWorkers) return detail::exchange_sums(call, shared, team, member);

  Vector* const ring = reinterpret_cast<Vector*>(smem + team_smem_bytes<T>(0)) + worker;
  const int first = member * call.slice + worker;  // of a row's vectors
  const int end = min((member + 1) * call.slice, call.row_vectors);

  int copied_row = team, copied_step = 0, copied_slot = 0;
  const auto copy_next = [&] {
    if (copied_row < call.rows) {
      const int vector = first + copied_step * kTeamWorkers;
      if (vector < end) {
        const int64_t at = (int64_t{copied_row} * call.row_vectors + vector) * kTeamVector;
        async_copy_16(ring + copied_slot * kTeamWorkers, call.x + at);
      }
      if (++copied_slot == call.slots) copied_slot = 0;
      if (++copied_step == call.steps) {
        copied_step = 0;
        copied_row += call.teams;
      }
    }
    async_copy_commit();
  };

  int summed_row = team, summed_step = 0, summed_slot = 0;
  unsigned summed_turn = 0;
  float origin = detail::team_origin(call, team);
  GroupSums sums;
  const auto sum_next = [&] {
    if (summed_row >= call.rows) return;
    async_copy_wait<kTeamAhead + 1>();
    if (first + summed_step * kTeamWorkers < end) sums.add(Vector::load(ring[summed_slot * kTeamWorkers].data), origin);
    if (++summed_slot == call.slots) summed_slot = 0;
    if (++summed_step < call.steps) return;
    sums = lanes_total<32>(sums);
    if (worker % 32 == 0) {
      shared.sums[summed_turn % 2][worker / 32] = sums;
      raise_count(&shared.delivered[summed_turn % 2]);
    }
    sums = {};
    summed_step = 0;
    ++summed_turn;
    summed_row += call.teams;
    if (summed_row < call.rows) origin = detail::team_origin(call, summed_row);
  };

  for (int i = 0; i <= kTeamAhead; ++i) copy_next();
  // Channels of this worker's vectors: those of step 0, and how they go on.
  const int first_channel = first / call.channel_vectors, first_rest = first % call.channel_vectors;
  const int channel_step = kTeamWorkers / call.channel_vectors, rest_step = kTeamWorkers % call.channel_vectors;
  for (int step = 0; step < call.steps + call.lead; ++step) {
    copy_next();
    sum_next();
  }

  int used_slot = 0;
  unsigned turn = 0;
  for (int row = team; row < call.rows; row += call.teams, ++turn) {
    wait_for_count(&shared.ready, turn + 1);
    const ChannelAffine<T>* const affine = shared.affine[turn % 2];
    int channel = first_channel, rest = first_rest;
    T* const out = call.out + int64_t{row} * call.row_vectors * kTeamVector;
    for (int step = 0; step < call.steps; ++step) {
      const int vector = first + step * kTeamWorkers;
      if (vector < end) {
        const Vector x = Vector::load(ring[used_slot * kTeamWorkers].data);
        normalise_silu(x, affine[channel]).store_streaming(out + int64_t{vector} * kTeamVector);
      }
      if (++used_slot == call.slots) used_slot = 0;
      channel += channel_step;
      rest += rest_step;
      if (rest >= call.channel_vectors) {
        rest -= call.channel_vectors;
        ++channel;
      }
      copy_next();
      sum_next();
    }
  }
}

}  // namespace kda::group_norm
