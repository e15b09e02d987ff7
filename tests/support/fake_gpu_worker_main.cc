// fake-gpu-worker: serves a simulated GPU as `kaisar-provider gpu-worker` does a real one, or does
// what no worker should.
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/process_runner.h"
#include "kernels/frame_socket.h"
#include "kernels/gpu_process.h"
#include "kernels/gpu_worker.h"
#include "tests/support/fake_gpu.h"

namespace kaisar::testing {
namespace {

struct Options {
  std::string mode = "serve";
  std::string gpu;             // as the real one's; means nothing here
  std::string fault = "none";  // of the simulated GPU
  std::uint32_t after_rounds = 0;
  bool in_open = false;
  std::uint64_t memory_bytes = 64 << 20;
  std::string once;  // the first process that makes this file has mode and fault, later ones none
  std::string pids;  // a file that gets a line with this process's number
  std::string reached;  // a file that is made when a proof begins
};

[[noreturn]] void WaitForEver() {
  while (true) pause();
}

std::string OpenDescriptors() {
  std::set<int> open;
  for (int fd = 0; fd < 1024; ++fd) {
    if (fcntl(fd, F_GETFD) >= 0) open.insert(fd);
  }
  return absl::StrCat("descriptors ", absl::StrJoin(open, " "));
}

/// A simulated GPU, but for what the mode says.
class OddGpu final : public kernels::Gpu {
 public:
  OddGpu(std::unique_ptr<kernels::Gpu> gpu, const Options& options)
      : gpu_(std::move(gpu)), mode_(options.mode), reached_(options.reached) {}
  absl::StatusOr<kernels::GpuMemory> ReadMemory() override { return gpu_->ReadMemory(); }
  std::uint64_t ProofBytes(std::uint32_t n, std::uint32_t rounds) const override {
    return gpu_->ProofBytes(n, rounds);
  }
  absl::StatusOr<std::unique_ptr<kernels::GpuWork>> Reserve(std::uint32_t n,
                                                            std::uint32_t rounds) override {
    if (!reached_.empty()) std::ofstream(reached_).put('.');
    if (mode_ == "deaf") WaitForEver();
    if (mode_ == "exit") _exit(7);
    return gpu_->Reserve(n, rounds);
  }
  std::string Description() const override {
    return mode_ == "descriptors" ? OpenDescriptors() : gpu_->Description();
  }

 private:
  const std::unique_ptr<kernels::Gpu> gpu_;
  const std::string mode_;
  const std::string reached_;
};

GpuFaults FaultsOf(const Options& options) {
  GpuFaults faults;
  if (options.fault == "off-the-bus") faults.kind = GpuFaults::Kind::kOffTheBus;
  if (options.fault == "ecc") faults.kind = GpuFaults::Kind::kEccError;
  if (options.fault == "hang") faults.kind = GpuFaults::Kind::kHang;
  faults.after_rounds = options.after_rounds;
  faults.in_open = options.in_open;
  return faults;
}

int Serve(const Options& options, int fd) {
  const auto control = std::make_shared<FakeGpuControl>(options.memory_bytes);
  control->Order(FaultsOf(options));
  const absl::Status ended =
      kernels::ServeGpu(Descriptor(fd), [&]() -> absl::StatusOr<std::unique_ptr<kernels::Gpu>> {
        if (options.mode == "gone") return absl::NotFoundError("there is no GPU");
        return std::make_unique<OddGpu>(MakeFakeGpu(control), options);
      });
  return absl::IsUnavailable(ended) ? 0 : 1;
}

/// Says that it is ready, and to the first question something that is no answer.
void Misbehave(const std::string& mode, int fd) {
  kernels::FrameSocket socket{Descriptor(fd)};
  const kernels::ReadyGpu ready{{1 << 20, 1 << 20}, "a liar"};
  if (!socket.Send(kernels::FrameKind::kReady, SerializeReady(ready), -1).ok()) return;
  if (!socket.Receive(kernels::kMostQuestionBytes, -1).ok()) return;
  std::string said;
  if (mode == "garbage") said = "HTTP/1.1 200 OK\r\n";
  if (mode == "half") said = std::string("\0\0\1\0\x12 thirty-two bytes are none", 34);
  if (mode == "long") said = std::string("\x7f\xff\xff\xff\x13", 5);
  if (mode == "few-roots") said = std::string("\0\0\0\0\x12", 5);
  if (mode == "other") said = std::string("\0\0\0\0\x13", 5);
  send(fd, said.data(), said.size(), MSG_NOSIGNAL);
  if (mode == "half") return;
  WaitForEver();
}

/// Is the parent of another, which proves for ever.
int Hold(Options options, const std::string& self) {
  kernels::GpuProcessOptions process;
  process.argv = {self,        "gpu-worker", "--mode",     "deaf",      "--gpu",
                  options.gpu, "--pids",     options.pids, "--reached", options.reached};
  auto engine = kernels::MakeGpuProcessEngine(process);
  if (!engine.ok()) return 1;
  return (*engine)->Prove({}, 256, 1, [] { return false; }).ok() ? 0 : 1;
}

int Main(int argc, char** argv) {
  Options options;
  CLI::App app("Serves a simulated GPU over descriptor 3.");
  CLI::App* worker = app.add_subcommand("gpu-worker");
  app.require_subcommand(1);
  worker->add_option("--mode", options.mode);
  worker->add_option("--gpu", options.gpu);
  worker->add_option("--fault", options.fault);
  worker->add_option("--after-rounds", options.after_rounds);
  worker->add_flag("--in-open", options.in_open);
  worker->add_option("--memory", options.memory_bytes);
  worker->add_option("--once", options.once);
  worker->add_option("--pids", options.pids);
  worker->add_option("--reached", options.reached);
  CLI11_PARSE(app, argc, argv);
  if (!options.once.empty()) {
    const int made = open(options.once.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
    if (made >= 0) close(made);
    if (made < 0) options.mode = "serve", options.fault = "none", options.in_open = false;
  }
  if (options.mode == "hold") return Hold(options, argv[0]);
  if (!options.pids.empty()) std::ofstream(options.pids, std::ios::app) << getpid() << std::endl;
  if (options.mode == "crash") return 3;
  if (options.mode == "silent") WaitForEver();
  const std::set<std::string> lies = {"garbage", "half", "long", "few-roots", "other"};
  if (lies.count(options.mode) == 0) return Serve(options, kProcessOutput);
  Misbehave(options.mode, kProcessOutput);
  return 0;
}

}  // namespace
}  // namespace kaisar::testing

int main(int argc, char** argv) {
  return kaisar::testing::Main(argc, argv);
}
