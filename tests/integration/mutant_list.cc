#include "tests/integration/mutant_list.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>

#include "absl/strings/str_cat.h"

namespace kaisar::testing {
namespace {

const char* NameOf(MutantList::Fate fate) {
  switch (fate) {
    case MutantList::Fate::kCaught:
      return "caught";
    case MutantList::Fate::kAllowed:
      return "allowed";
    case MutantList::Fate::kMissed:
      return "MISSED";
    case MutantList::Fate::kUnnamed:
      return "UNNAMED";
  }
  return "";
}

}  // namespace

MutantList::MutantList(const std::string& name) : name_(name) {
  const char* tree = std::getenv("KAISAR_BINARY_DIR");
  if (tree != nullptr) table_.open(absl::StrCat(tree, "/", name, ".tsv"));
}

MutantList::~MutantList() {
  std::cout << name_ << ": " << size_ << " mutants, listed in " << name_ << ".tsv\n";
  for (const auto& [kind, fates] : counts_) {
    std::cout << "  " << kind << ":";
    for (const auto& [fate, count] : fates) std::cout << " " << count << " " << NameOf(fate);
    std::cout << "\n";
  }
}

void MutantList::Add(const std::string& kind, const std::string& mutant, Fate fate,
                     const std::string& about) {
  table_ << kind << "\t" << mutant << "\t" << NameOf(fate) << "\t" << about << "\n";
  ++counts_[kind][fate];
  ++size_;
  if (fate == Fate::kMissed || fate == Fate::kUnnamed) {
    ADD_FAILURE() << NameOf(fate) << ": " << mutant << ": " << about;
  }
}

}  // namespace kaisar::testing
