#include "tests/support/scripted_describe.h"

#include <grpcpp/support/slice.h>

#include <optional>
#include <string>

#include "kaisar/v1/provider.pb.h"

namespace kaisar::testing {
namespace {

constexpr std::uint32_t kOthers = 100;  // devices with the first ids there are

class SilentReactor final : public grpc::ServerUnaryReactor {
 public:
  void OnCancel() override { Finish(grpc::Status::CANCELLED); }
  void OnDone() override { delete this; }
};

/// Answered before anybody can cancel it.
class AnsweredReactor final : public grpc::ServerUnaryReactor {
 public:
  AnsweredReactor() { Finish(grpc::Status::OK); }
  void OnDone() override { delete this; }
};

std::string Describe(std::uint32_t first_device, std::uint32_t last_device,
                     const std::string& backend) {
  v1::DescribeResponse response;
  response.set_software("scripted-provider");
  for (std::uint32_t id = first_device; id <= last_device; ++id) {
    v1::DeviceDescription& device = *response.add_devices();
    device.set_id(id);
    device.set_backend(backend);
  }
  return response.SerializeAsString();
}

/// Absent: nothing is answered.
std::optional<std::string> AnswerOf(const Behaviour& behaviour, std::uint32_t first_device,
                                    std::uint32_t last_device) {
  switch (behaviour.cheat) {
    case Cheat::kDescribesNever:
      return std::nullopt;
    case Cheat::kDescribesHuge:
      return Describe(first_device, last_device, std::string(behaviour.value, 'x'));
    case Cheat::kDescribesGarbage:
      return std::string(1000, '\xff');
    case Cheat::kDescribesOthers:
      return Describe(0, kOthers, "\x1b[2J\n<img src=x onerror=alert(1)>");
    default:
      return Describe(first_device, last_device, "scripted");
  }
}

bool IsAboutDescribing(Cheat cheat) {
  return cheat == Cheat::kDescribesNever || cheat == Cheat::kDescribesHuge ||
         cheat == Cheat::kDescribesGarbage || cheat == Cheat::kDescribesOthers;
}

}  // namespace

grpc::ServerUnaryReactor* AnswerDescribe(const std::vector<Behaviour>& behaviours,
                                         std::uint32_t first_device, std::uint32_t last_device,
                                         grpc::ByteBuffer& response) {
  Behaviour asked;
  for (const Behaviour& behaviour : behaviours) {
    if (!IsAboutDescribing(behaviour.cheat)) continue;
    asked = behaviour;
    break;
  }
  const auto answer = AnswerOf(asked, first_device, last_device);
  if (!answer.has_value()) return new SilentReactor();
  const grpc::Slice slice(*answer);
  response = grpc::ByteBuffer(&slice, 1);
  return new AnsweredReactor();
}

}  // namespace kaisar::testing
