#include "audit/chain_comparison.h"

#include <google/protobuf/descriptor.h>

#include <map>

#include "absl/strings/str_cat.h"
#include "base/hex.h"
#include "base/printable.h"

namespace kaisar::audit {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr std::size_t kMostTextBytes = 80;  // of an endpoint, a class, a region

/// What the contract keeps of a commitment: the lowest bit tells a root.
Digest WithoutFlag(Digest commitment) {
  commitment.back() &= 0xfe;
  return commitment;
}

/// One field for people; the fields of devices and slots are single and of these types.
std::string FieldText(const Message& message, const FieldDescriptor& field) {
  const auto& reflection = *message.GetReflection();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_UINT32:
      return absl::StrCat(reflection.GetUInt32(message, &field));
    case FieldDescriptor::CPPTYPE_UINT64:
      return absl::StrCat(reflection.GetUInt64(message, &field));
    case FieldDescriptor::CPPTYPE_BOOL:
      return reflection.GetBool(message, &field) ? "true" : "false";
    case FieldDescriptor::CPPTYPE_ENUM:
      return reflection.GetEnum(message, &field)->name();
    default:
      break;
  }
  const std::string text = reflection.GetString(message, &field);
  return field.type() == FieldDescriptor::TYPE_BYTES
             ? ToPrefixedHex(ViewOf(text))
             : absl::StrCat("\"", Printable(text, kMostTextBytes), "\"");
}

/// Fields that the chain keeps for every epoch.
bool IsOfEpoch(absl::string_view what, const std::string& field) {
  if (what == "slot") return field == "key";
  return field == "owner" || field == "ops_per_second" || field == "muster";
}

class Comparison {
 public:
  Comparison(const SlotFacts& facts, const v1::EpochOpened& opened, const SignedReport& report,
             Differences& differences)
      : facts_(facts), opened_(opened), report_(report), differences_(differences) {}

  std::vector<std::string> Compare() {
    const v1::Roster& roster = opened_.roster();
    const chain::Deployment& deployment = facts_.deployment;
    Same("chain id", absl::StrCat(deployment.chain_id), "log", absl::StrCat(roster.chain_id()));
    Same("reports contract", ToPrefixedHex(deployment.reports), "log",
         ToPrefixedHex(ViewOf(roster.contract())));
    Same("reports contract", ToPrefixedHex(deployment.reports), "report",
         ToPrefixedHex(report_.report.domain.contract));
    if (!facts_.opening.has_value()) {
      Same("beacon", "none, the epoch is not opened", "log",
           ToPrefixedHex(ViewOf(opened_.beacon())));
      return std::move(notes_);
    }
    CompareBeacon();
    CompareRoster();
    CompareCommitted();
    CompareRevealed();
    return std::move(notes_);
  }

 private:
  void Same(absl::string_view what, const std::string& chain, absl::string_view whose,
            const std::string& ours) {
    if (chain == ours) return;
    differences_.Add(absl::StrCat("chain: ", what, " is ", chain, ", the ", whose, " has ", ours));
  }

  void CompareBeacon() {
    const chain::Opening& opening = *facts_.opening;
    Same("beacon", ToPrefixedHex(opening.beacon), "log", ToPrefixedHex(ViewOf(opened_.beacon())));
    const std::string block = absl::StrCat("hash of block ", opening.block_number);
    Same(block, facts_.first_block.has_value() ? ToPrefixedHex(facts_.first_block->hash) : "none",
         "chain's beacon", ToPrefixedHex(opening.beacon));
    Same("time of the beacon, in ms,", absl::StrCat(opening.timestamp_s * 1000), "log",
         absl::StrCat(opened_.beacon_ms()));
    Same("end of the epoch, in ms,",
         absl::StrCat(facts_.deployment.schedule.end(opened_.epoch()) * 1000), "log",
         absl::StrCat(opened_.epoch_end_ms()));
  }

  void CompareRoster() {
    if (!facts_.of_opening) {
      notes_.push_back(absl::StrCat(
          "the endpoint no longer has the state of block ", facts_.opening->block_number,
          ": of the roster, only what cannot have changed since was compared"));
    }
    const v1::Roster& ours = opened_.roster();
    if (ours.muster()) {
      differences_.Add("chain: one slot musters each device, the log has muster for all");
    }
    std::map<std::uint32_t, const Message*> devices, slots;
    for (const v1::Device& device : ours.devices()) devices[device.id()] = &device;
    for (const v1::Slot& slot : ours.slots()) slots[slot.id()] = &slot;
    for (const v1::Device& device : facts_.roster.devices()) {
      CompareEntry("device", device.id(), device, devices);
    }
    for (const v1::Slot& slot : facts_.roster.slots()) {
      const auto own = slots.find(slot.id());
      if (slot.id() == opened_.slot() && own != slots.end()) {
        CompareOwnSlot(slot, static_cast<const v1::Slot&>(*own->second));
        slots.erase(own);
      } else {
        CompareEntry("slot", slot.id(), slot, slots);
      }
    }
    for (const auto& [id, device] : devices) {
      const auto why = facts_.left_out.find(id);
      differences_.Add(absl::StrCat(
          "chain: device ", id, " is ",
          why == facts_.left_out.end() ? "none that this slot checks in the epoch"
                                       : absl::StrCat("none that can be asked (", why->second, ")"),
          ", the log has it in the roster"));
    }
    for (const auto& [id, slot] : slots) {
      differences_.Add(absl::StrCat("chain: slot ", id,
                                    " is in no committee of this slot's devices, the log has it "
                                    "in the roster"));
    }
  }

  /// Compares one entry of the roster with ours, which is then taken from `ours`.
  void CompareEntry(absl::string_view what, std::uint32_t id, const Message& chain,
                    std::map<std::uint32_t, const Message*>& ours) {
    const auto found = ours.find(id);
    if (found == ours.end()) {
      differences_.Add(absl::StrCat("chain: ", what, " ", id,
                                    " takes part in the epoch, the log's roster lacks it"));
      return;
    }
    const auto& descriptor = *chain.GetDescriptor();
    for (int i = 0; i < descriptor.field_count(); ++i) {
      const FieldDescriptor& field = *descriptor.field(i);
      if (!facts_.of_opening && !IsOfEpoch(what, field.name())) continue;
      Same(absl::StrCat(field.name(), " of ", what, " ", id), FieldText(chain, field), "log",
           FieldText(*found->second, field));
    }
    ours.erase(found);
  }

  /// The slot's own pin and anchor may have been mended after the opening.
  void CompareOwnSlot(const v1::Slot& chain, const v1::Slot& ours) {
    const std::string name = absl::StrCat(" of slot ", chain.id());
    const v1::Slot& newest = facts_.own_newest;
    Same("key" + name, ToPrefixedHex(ViewOf(chain.key())), "log",
         ToPrefixedHex(ViewOf(ours.key())));
    Same("key" + name, ToPrefixedHex(ViewOf(chain.key())), "report's signer",
         ToPrefixedHex(report_.signer));
    if (!facts_.of_opening) return;
    if (newest.tls_pin() != ours.tls_pin()) {
      Same("tls_pin" + name, ToPrefixedHex(ViewOf(chain.tls_pin())), "log",
           ToPrefixedHex(ViewOf(ours.tls_pin())));
    }
    if (newest.anchor() != ours.anchor() || newest.anchor_epoch() != ours.anchor_epoch()) {
      Same(
          "anchor" + name,
          absl::StrCat(ToPrefixedHex(ViewOf(chain.anchor())), " from epoch ", chain.anchor_epoch()),
          "log",
          absl::StrCat(ToPrefixedHex(ViewOf(ours.anchor())), " from epoch ", ours.anchor_epoch()));
    }
  }

  void CompareCommitted() {
    const Digest ours = ReportCommitment(report_.report);
    if (facts_.committed.empty()) {
      Missing("commitment", facts_.deployment.schedule.reveal_begin(opened_.epoch()),
              ToPrefixedHex(ours));
    }
    for (const chain::CommittedEvent& event : facts_.committed) {
      Same("commitment", ToPrefixedHex(event.commitment), "report", ToPrefixedHex(ours));
    }
    // A root takes its place with the reveal.
    if (!facts_.committed.empty() && facts_.revealed.empty()) {
      Same("stored report", ToPrefixedHex(facts_.stored), "report",
           ToPrefixedHex(WithoutFlag(ours)));
    }
  }

  void CompareRevealed() {
    const Report& ours = report_.report;
    if (facts_.revealed.empty()) {
      Missing("reveal", facts_.deployment.schedule.settle_begin(opened_.epoch()),
              absl::StrCat("secret ", ToPrefixedHex(ours.secret)));
    }
    for (const chain::RevealedEvent& event : facts_.revealed) {
      Same("secret", ToPrefixedHex(event.secret), "report", ToPrefixedHex(ours.secret));
      Same("transcript root", ToPrefixedHex(event.transcript_root), "report",
           ToPrefixedHex(ours.transcript_root));
      Same("policy hash", ToPrefixedHex(event.policy_hash), "report",
           ToPrefixedHex(ours.policy_hash));
      Same("number of words", absl::StrCat(event.words.size()), "report",
           absl::StrCat(ours.words.size()));
      for (std::size_t i = 0; i < std::min(event.words.size(), ours.words.size()); ++i) {
        Same(absl::StrCat("word ", i), ToPrefixedHex(event.words[i]), "report",
             ToPrefixedHex(ours.words[i]));
      }
      Same("root", ToPrefixedHex(facts_.stored), "chain's own event", ToPrefixedHex(event.root));
    }
  }

  /// A difference once the window is over; until then it can still come.
  void Missing(absl::string_view what, std::uint64_t until_s, const std::string& ours) {
    if (facts_.newest.timestamp_s >= until_s) {
      Same(what, absl::StrCat("none until ", until_s), "report", ours);
    } else {
      notes_.push_back(absl::StrCat("no ", what, " yet; there is time for it until ", until_s,
                                    ", the newest block's is ", facts_.newest.timestamp_s));
    }
  }

  const SlotFacts& facts_;
  const v1::EpochOpened& opened_;
  const SignedReport& report_;
  Differences& differences_;
  std::vector<std::string> notes_;
};

}  // namespace

std::vector<std::string> CompareWithChain(const SlotFacts& facts, const v1::EpochOpened& opened,
                                          const SignedReport& report, Differences& differences) {
  return Comparison(facts, opened, report, differences).Compare();
}

}  // namespace kaisar::audit
