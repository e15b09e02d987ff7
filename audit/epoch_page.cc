#include "audit/epoch_page.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "audit/html_template.h"
#include "audit/page_files.h"
#include "audit/shares.h"
#include "audit/soundness.h"
#include "base/hex.h"
#include "base/signing_key.h"
#include "base/utc_time.h"
#include "challenges/roster.h"

namespace kaisar::audit {
namespace {

/// "1,234,567".
std::string Grouped(std::uint64_t number) {
  if (number < 1000) return absl::StrCat(number);
  return absl::StrFormat("%s,%03d", Grouped(number / 1000), number % 1000);
}

std::string Counted(std::uint64_t number, absl::string_view one, absl::string_view many) {
  return absl::StrCat(Grouped(number), " ", number == 1 ? one : many);
}

/// As a POSIX shell takes it for one word.
std::string ShellWord(const std::string& text) {
  static constexpr absl::string_view kPlain = "._/-+=:,@%";
  const auto is_plain = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           kPlain.find(c) != absl::string_view::npos;
  };
  if (!text.empty() && std::all_of(text.begin(), text.end(), is_plain)) return text;
  return absl::StrCat("'", absl::StrReplaceAll(text, {{"'", "'\\''"}}), "'");
}

Html Hash(ByteView bytes) {
  return Html::Element("span class='hash'", ToPrefixedHex(bytes));
}

class Page {
 public:
  explicit Page(const AuditedEpoch& audited)
      : audited_(audited), result_(audited.result), report_(audited.report.report) {}

  std::string Make() const {
    const std::string style = absl::StrCat(kStyleCss, kReportCss);
    const std::string script = absl::StrCat(kElementsJs, kPlotsJs, kReportJs);
    const bool holds = result_.difference_count == 0;
    const Html hidden = Html::Markup(result_.scores.empty() ? "hidden" : "");
    return FillTemplate(
        kReportHtml,
        {{"title", Html::Text(absl::StrCat("Epoch ", report_.epoch, ", slot ", report_.slot))},
         {"style", Html::Markup(style)},
         {"style_hash", Html::Markup(ContentHash(style))},
         {"script", Html::Markup(script)},
         {"script_hash", Html::Markup(ContentHash(script))},
         {"outcome", Html::Markup(holds ? "holds" : "differs")},
         {"verdict", Html::Text(Verdict())},
         {"checked", Html::Text(Checked())},
         {"differences", Differences()},
         {"facts", Facts()},
         {"scored", Html::Text(Scored())},
         {"scores_hidden", hidden},
         {"soundness", Soundness()},
         {"unsampled", Html::Text(Unsampled())},
         {"commands", Html::Text(Commands())},
         {"json", Html::Json(EpochPageJson(audited_))}});
  }

 private:
  std::string Verdict() const {
    if (result_.difference_count == 0) return "Holds: log and report are what they must be";
    return absl::StrCat("Does not hold: ",
                        Counted(result_.difference_count, "difference", "differences"));
  }

  std::string Checked() const {
    return absl::StrCat(Counted(result_.records, "record", "records"), ", ",
                        Counted(result_.challenges, "challenge", "challenges"), ", ",
                        Counted(result_.signatures_checked, "signature", "signatures"), " and ",
                        Counted(result_.samples_checked, "sample", "samples"),
                        " of proofs were checked.");
  }

  Html Differences() const {
    if (result_.difference_count == 0) return {};
    Html items;
    for (const std::string& line : result_.differences) items += Html::Element("li", line);
    Html list = Html::Element("ul", items);
    const std::uint64_t more = result_.difference_count - result_.differences.size();
    if (more > 0) list += Html::Element("p", absl::StrCat("… and ", Grouped(more), " more."));
    return list;
  }

  Html Facts() const {
    const v1::EpochOpened& opened = result_.epoch.opened;
    Html facts;
    const auto add = [&](absl::string_view name, const Html& what) {
      facts += Html::Element("dt", name);
      facts += Html::Element("dd", what);
      facts += Html::Markup("\n");
    };
    if (opened.epoch_end_ms() > 0) {
      add("Time", Html::Text(absl::StrCat(UtcTime(opened.beacon_ms() / 1000), " to ",
                                          UtcTime(opened.epoch_end_ms() / 1000))));
    }
    Html deployment = Html::Text(absl::StrCat("chain ", report_.domain.chain_id, ", contract "));
    deployment += Hash(report_.domain.contract);
    add("Deployment", deployment);
    add("Signed by", Signer());
    add("Log root", result_.root.has_value()
                        ? Hash(*result_.root)
                        : Html::Element("span class='bad'", "none: the log is damaged"));
    if (result_.root != report_.transcript_root)
      add("Reported root", Hash(report_.transcript_root));
    add("Policy hash", Hash(report_.policy_hash));
    add("Commitment", Hash(ReportCommitment(report_)));
    add("Files", Html::Text(absl::StrCat(audited_.log_path, ", ", audited_.report_path)));
    add("Chain", Html::Text(result_.notes.empty() ? "not compared; that is for verify --rpc"
                                                  : absl::StrJoin(result_.notes, "; ")));
    return facts;
  }

  Html Signer() const {
    const auto signer = RecoverAddress(ReportDigest(report_), audited_.report.signature);
    if (!signer.ok()) return Html::Element("span class='bad'", "nobody: the signature is invalid");
    Html text = Hash(*signer);
    const v1::Slot* slot = challenges::FindSlot(result_.epoch.opened.roster(), report_.slot);
    if (slot == nullptr) {
      text += Html::Text("; there is no roster to find this key in");
    } else if (ViewOf(slot->key()) == ByteView(*signer)) {
      text += Html::Text(absl::StrCat(", slot ", report_.slot, "’s key in the roster"));
    } else {
      text += Html::Element("span class='bad'", ", which is not the slot’s key");
    }
    return text;
  }

  std::string Scored() const {
    const auto count = [&](std::optional<std::uint8_t> wanted) {
      return static_cast<std::uint64_t>(
          std::count_if(result_.scores.begin(), result_.scores.end(),
                        [&](const DeviceScore& score) { return score.score == wanted; }));
    };
    const std::string scored =
        absl::StrCat(Counted(result_.scores.size(), "device", "devices"),
                     " of the roster: ", Grouped(count(kMostScore)),
                     " with the full score of 200, ", Grouped(count(0)), " with 0, ",
                     Grouped(count(std::nullopt)), " left out for want of evidence.");
    std::map<v1::Reason, std::uint64_t> reasons;
    for (const DeviceScore& score : result_.scores) {
      for (const auto& [reason, times] : score.reasons) reasons[reason] += times;
    }
    if (reasons.empty()) return absl::StrCat(scored, " Every challenge was passed.");
    return absl::StrCat(scored, " Not passed: ",
                        absl::StrJoin(reasons, ", ",
                                      [](std::string* text, const auto& entry) {
                                        absl::StrAppend(text, Grouped(entry.second), " ",
                                                        v1::Reason_Name(entry.first));
                                      }),
                        ".");
  }

  /// (samples, device) of the devices with a proof that passed, by samples.
  std::vector<std::pair<std::uint64_t, std::uint32_t>> Sampled() const {
    std::vector<std::pair<std::uint64_t, std::uint32_t>> sampled;
    for (const DeviceScore& score : result_.scores) {
      const std::uint64_t samples = audited_.history.Of(score.device).samples;
      if (samples > 0) sampled.emplace_back(samples, score.device);
    }
    std::sort(sampled.begin(), sampled.end());
    return sampled;
  }

  Html Soundness() const {
    const auto sampled = Sampled();
    Html rows = SoundnessRow("One proof", result_.epoch.policy.samples);
    if (!sampled.empty()) {
      rows += SoundnessRow(
          absl::StrCat("All proofs of device ", sampled.front().second, ", which has the fewest"),
          sampled.front().first);
      rows +=
          SoundnessRow("All proofs of a device with the median", sampled[sampled.size() / 2].first);
      rows += SoundnessRow(
          absl::StrCat("All proofs of device ", sampled.back().second, ", which has the most"),
          sampled.back().first);
    }
    return rows;
  }

  static Html SoundnessRow(const std::string& name, std::uint64_t samples) {
    Html row = Html::Element("th scope='row'", name);
    row += Html::Element("td class='number'", Grouped(samples));
    for (const std::uint32_t skipped_ppm : kShownSkips) {
      row += Html::Element("td class='number'", FormatChance(ChanceUnseen(skipped_ppm, samples)));
    }
    return Html::Element("tr", row);
  }

  std::string Unsampled() const {
    const std::size_t without = result_.scores.size() - Sampled().size();
    if (without == 0) return "";
    return absl::StrCat(Counted(without, "device has", "devices have"),
                        " no proof that passed: rented, silent, or caught. ");
  }

  std::string Commands() const {
    const std::string log = ShellWord(audited_.log_path);
    const std::string report = ShellWord(audited_.report_path);
    return absl::StrCat("kaisar-audit verify --log ", log, " --report ", report,
                        "\nkaisar-audit html ", log, " ", report, " -o ",
                        ShellWord(audited_.page_path));
  }

  const AuditedEpoch& audited_;
  const VerifyResult& result_;
  const Report& report_;
};

}  // namespace

std::string MakeEpochPage(const AuditedEpoch& audited) {
  return Page(audited).Make();
}

}  // namespace kaisar::audit
