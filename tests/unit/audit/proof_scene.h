#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/audit/comparison_scene.h"

namespace kaisar::audit {

/// One proof that devices of a GPU work on.
struct Job {
  std::uint32_t device = 0;
  std::uint32_t slot = 0;
  double started_ms = 0;
  double work_ms = 0;  // alone
  double ended_ms = 0;
  bool muster = false;
  bool beside = false;  // its checker began another one within a second and a half
};

enum class Turns { kSlices, kFirstFirst, kLastFirst, kLowestDevice };

/// Plays jobs on one GPU; fills in when each ended.
inline void PlayGpu(std::vector<Job*> jobs, Turns turns) {
  std::sort(jobs.begin(), jobs.end(),
            [](const Job* a, const Job* b) { return a->started_ms < b->started_ms; });
  struct Running {
    Job* job;
    double left_ms;
  };
  std::vector<Running> running;  // in the order of starting
  double now_ms = 0;
  std::size_t next = 0;
  while (next < jobs.size() || !running.empty()) {
    if (running.empty()) now_ms = std::max(now_ms, jobs[next]->started_ms);
    while (next < jobs.size() && jobs[next]->started_ms <= now_ms) {
      running.push_back({jobs[next], jobs[next]->work_ms});
      ++next;
    }
    std::vector<Running*> turn;
    for (Running& one : running) turn.push_back(&one);
    if (turns == Turns::kLastFirst) turn = {turn.back()};
    if (turns == Turns::kFirstFirst) turn = {turn.front()};
    if (turns == Turns::kLowestDevice) {
      turn = {*std::min_element(turn.begin(), turn.end(), [](const Running* a, const Running* b) {
        return a->job->device < b->job->device;
      })};
    }
    const auto share = static_cast<double>(turn.size());
    double step_ms = next < jobs.size() ? jobs[next]->started_ms - now_ms : 1e18;
    for (const Running* one : turn) step_ms = std::min(step_ms, one->left_ms * share);
    now_ms += step_ms;
    for (Running* one : turn) one->left_ms -= step_ms / share;
    for (Running& one : running) {
      if (one.left_ms < 1e-6) one.job->ended_ms = now_ms;
    }
    std::erase_if(running, [](const Running& one) { return one.left_ms < 1e-6; });
  }
}

/// A network's matmul challenges: who is on which GPU, and how they were measured.
struct ProofScene {
  std::uint32_t slots = 7;
  std::uint32_t proofs = 24;  // for each slot and device
  double epoch_ms = 3'600'000;
  std::map<std::uint32_t, std::string> owners;  // by device
  std::map<std::uint32_t, std::uint32_t> gpus;  // by device; its own when it is not here
  Turns turns = Turns::kSlices;
  bool muster = false;
  /// How long a proof takes alone, in ms.
  std::function<double(std::uint32_t device, double started_ms, std::mt19937_64&)> work_ms =
      [](std::uint32_t, double, std::mt19937_64& random) {
        return std::uniform_real_distribution<double>(2900, 3100)(random);
      };
  /// What a checker makes of the time that it measured.
  std::function<double(const Job&, double taken_ms)> told = [](const Job&, double taken_ms) {
    return taken_ms;
  };

  std::vector<CheckerLog> Play(std::uint64_t seed) const {
    std::mt19937_64 random(seed);
    std::vector<Job> jobs = MakeJobs(random);
    std::map<std::uint32_t, std::vector<Job*>> by_gpu;
    for (Job& job : jobs) {
      const auto gpu = gpus.find(job.device);
      by_gpu[gpu == gpus.end() ? 1'000 + job.device : gpu->second].push_back(&job);
    }
    for (auto& [gpu, its] : by_gpu) PlayGpu(its, turns);
    ComparisonScene scene(slots);
    for (const auto& [device, owner] : owners) scene.AddDevice(device, owner);
    std::uint64_t record = 0;
    for (const Job& job : jobs) {
      const double taken_ms = told(job, job.ended_ms - job.started_ms);
      TimedProof proof;
      proof.started_ms = static_cast<std::uint64_t>(job.started_ms);
      proof.taken_ms = static_cast<std::uint64_t>(taken_ms);
      proof.ops_per_second = static_cast<std::uint64_t>(1e15 / taken_ms);
      proof.record = ++record;
      proof.muster = job.muster;
      scene.logs[job.slot].devices[job.device].proofs.push_back(proof);
    }
    return std::move(scene.logs);
  }

 private:
  /// As the plan has them: an owner's devices at one instant; a device one proof at a time.
  std::vector<Job> MakeJobs(std::mt19937_64& random) const {
    std::uniform_real_distribution<double> due(0, epoch_ms);
    std::vector<Job> jobs;
    for (std::uint32_t slot = 0; slot < slots; ++slot) {
      std::map<std::string, std::vector<double>> instants;
      for (const auto& [device, owner] : owners) {
        std::vector<double>& dues = instants[owner];
        while (dues.size() < proofs) dues.push_back(due(random));
        for (const double at : dues) {
          jobs.push_back({device, slot, at, work_ms(device, at, random), 0, false});
        }
      }
    }
    const double muster_ms = epoch_ms + 60'000;  // apart, so that it is in nobody's way
    for (const auto& [device, owner] : owners) {
      if (!muster) break;
      jobs.push_back(
          {device, device % slots, muster_ms, work_ms(device, muster_ms, random), 0, true});
    }
    std::sort(jobs.begin(), jobs.end(),
              [](const Job& a, const Job& b) { return a.started_ms < b.started_ms; });
    std::map<std::uint32_t, double> busy_until;
    std::erase_if(jobs, [&](const Job& job) {  // the second one is refused
      if (job.started_ms < busy_until[job.device]) return true;
      busy_until[job.device] = job.started_ms + 2 * job.work_ms;
      return false;
    });
    for (std::size_t i = 0; i < jobs.size(); ++i) {
      for (std::size_t j = i + 1;
           j < jobs.size() && jobs[j].started_ms - jobs[i].started_ms < 1'500; ++j) {
        if (jobs[i].slot == jobs[j].slot) jobs[i].beside = jobs[j].beside = true;
      }
    }
    return jobs;
  }
};

}  // namespace kaisar::audit
