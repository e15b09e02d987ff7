#include "checker/own_end.h"

#include "base/hex.h"
#include "challenges/bandwidth/terms.h"
#include "challenges/signed_messages.h"

namespace kaisar::checker {

using challenges::IperfOutcome;
using challenges::IperfTask;

IperfTask OwnEndOf(const v1::SignedChallenge& challenge, const Digest& password,
                   const v1::BandwidthOpened& opened, const std::string& address) {
  const v1::BandwidthParams params = challenges::BandwidthParamsOf(challenge);
  IperfTask task;
  task.role = IperfTask::Role::kClient;
  task.direction = opened.direction();
  task.host = address;
  task.ports = {opened.port()};
  task.user = ToHex(ViewOf(challenge.challenge().challenge_id()));
  task.password = ToHex(password);
  task.rsa_public_key = opened.rsa_public_key();
  task.seconds = params.seconds();
  task.streams = params.streams();
  task.bits_per_second =
      opened.direction() == v1::UP ? params.up_bits_per_second() : params.down_bits_per_second();
  task.start_ms = challenges::kTestStartMs;
  task.limit_ms = challenges::MostTestMs(params);
  return task;
}

v1::Transport TransportOf(IperfOutcome::State state) {
  switch (state) {
    case IperfOutcome::State::kCompleted:
      return v1::COMPLETED;
    case IperfOutcome::State::kNoConnection:
      return v1::NO_CONNECTION;
    case IperfOutcome::State::kDenied:
      return v1::DECLINED;
    case IperfOutcome::State::kBroken:
      return v1::BROKEN;
    case IperfOutcome::State::kTimedOut:
      return v1::DEADLINE;
    case IperfOutcome::State::kUnable:
      break;
  }
  return v1::ABANDONED;
}

}  // namespace kaisar::checker
