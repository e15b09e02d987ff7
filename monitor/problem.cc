#include "monitor/problem.h"

#include "nlohmann/json.hpp"

namespace kaisar::monitor {

nlohmann::ordered_json ToJson(const std::vector<Problem>& problems,
                              bool (*keeps)(absl::string_view code)) {
  auto list = nlohmann::ordered_json::array();
  for (const Problem& problem : problems) {
    list.push_back({{"code", problem.code},
                    {"what", problem.what},
                    {"next", problem.next},
                    {"keeps_from_earning", keeps(problem.code)}});
  }
  return list;
}

std::string ProblemsJson(absl::string_view key, bool value, const std::vector<Problem>& problems,
                         bool (*keeps)(absl::string_view code)) {
  const nlohmann::ordered_json json = {{std::string(key), value},
                                       {"problems", ToJson(problems, keeps)}};
  // What endpoints said is in it, in whatever encoding.
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace kaisar::monitor
