#include "challenges/bandwidth/terms.h"

namespace kaisar::challenges {

v1::BandwidthParams BandwidthParamsFor(const v1::Device& device, const BandwidthPolicy& policy) {
  v1::BandwidthParams params;
  params.set_seconds(device.phase() == v1::IN_SERVICE ? policy.in_service_seconds : policy.seconds);
  params.set_streams(policy.streams);
  params.set_down_bits_per_second(SentRate(device.down_bits_per_second(), policy));
  params.set_up_bits_per_second(SentRate(device.up_bits_per_second(), policy));
  params.set_open_ms(policy.open_deadline_ms);
  params.set_start_ms(policy.start_deadline_ms);
  return params;
}

}  // namespace kaisar::challenges
