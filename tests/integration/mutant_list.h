#pragma once

#include <fstream>
#include <map>
#include <string>

namespace kaisar::testing {

/// The list of mutants of one test and what became of them: a table in the build tree, the counts
/// on standard output.
class MutantList {
 public:
  enum class Fate { kCaught, kAllowed, kMissed, kUnnamed };
  /// The table is `name`.tsv in $KAISAR_BINARY_DIR; none without.
  explicit MutantList(const std::string& name);
  ~MutantList();

  /// `about` is what was found, or why nothing need be. What is missed, or found without its name,
  /// fails the test.
  void Add(const std::string& kind, const std::string& mutant, Fate fate, const std::string& about);

 private:
  const std::string name_;
  std::ofstream table_;
  std::map<std::string, std::map<Fate, std::size_t>> counts_;
  std::size_t size_ = 0;
};

}  // namespace kaisar::testing
