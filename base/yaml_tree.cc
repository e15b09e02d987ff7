#include "base/yaml_tree.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <cstddef>
#include <exception>
#include <sstream>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace kaisar {
namespace {

// A roster of 10,000 devices is about 5 MB and 300,000 nodes.
constexpr std::size_t kMostBytes = 16 << 20;
constexpr std::size_t kMostNodes = 1 << 21;
constexpr std::size_t kMostLevels = 16;

using Kind = YamlTree::Kind;

[[noreturn]] void Refuse(int line, const std::string& why) {
  YAML::Mark mark;
  mark.line = line - 1;
  throw YAML::ParserException(mark, why);  // caught in ParseYamlTree
}

bool KeyBefore(const YamlTree& left, const YamlTree& right) {
  return left.key < right.key;
}

/// Builds the tree from the parser's events; throws YAML::ParserException at what is refused.
class Builder final : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1) Refuse(mark.line + 1, "a second document begins, expected one");
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    RefuseAnchor(mark, anchor);
    Place(NewNode(Kind::kNull, mark));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    Refuse(mark.line + 1, "aliases are not allowed");
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    RefuseAnchor(mark, anchor);
    // The parser gives "?" to a plain scalar and "!" to a quoted one.
    if (tag != "?" && tag != "!") Refuse(mark.line + 1, "tags are not allowed");
    YamlTree node = NewNode(tag == "?" ? Kind::kPlain : Kind::kQuoted, mark);
    node.text = value;
    Place(std::move(node));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    Begin(Kind::kSequence, mark, tag, anchor);
  }
  void OnSequenceEnd() override { End(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    Begin(Kind::kMapping, mark, tag, anchor);
  }
  void OnMapEnd() override {
    SortChildren(open_.back().node);
    End();
  }

  bool empty() const { return documents_ == 0 || root_.kind == Kind::kNull; }
  YamlTree TakeRoot() { return std::move(root_); }

 private:
  struct Open {
    YamlTree node;
    bool has_key = false;  // of a mapping: a key has come and its value has not
    std::string key;
    int key_line = 0;
  };

  static void RefuseAnchor(const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (anchor != 0) Refuse(mark.line + 1, "anchors are not allowed");
  }

  static void SortChildren(YamlTree& mapping) {
    // Stable: of two equal keys the second in the document comes second, and is the one to name.
    std::stable_sort(mapping.children.begin(), mapping.children.end(), KeyBefore);
    const YamlTree* duplicate = nullptr;
    for (std::size_t i = 1; i < mapping.children.size(); ++i) {
      const YamlTree& child = mapping.children[i];
      if (child.key != mapping.children[i - 1].key) continue;
      if (duplicate == nullptr || child.key_line < duplicate->key_line) duplicate = &child;
    }
    if (duplicate != nullptr) {
      Refuse(duplicate->key_line, absl::StrCat("duplicate key ", duplicate->key));
    }
  }

  YamlTree NewNode(Kind kind, const YAML::Mark& mark) {
    if (++nodes_ > kMostNodes) {
      Refuse(mark.line + 1, absl::StrCat("more than ", kMostNodes, " values"));
    }
    YamlTree node;
    node.kind = kind;
    node.line = mark.line + 1;
    return node;
  }

  void Begin(Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    RefuseAnchor(mark, anchor);
    if (tag != "?" && !tag.empty()) Refuse(mark.line + 1, "tags are not allowed");
    if (open_.size() == kMostLevels) {
      Refuse(mark.line + 1, absl::StrCat("more than ", kMostLevels, " levels"));
    }
    if (WantsKey()) Refuse(mark.line + 1, "a key is a mapping or a sequence, expected text");
    open_.emplace_back();
    open_.back().node = NewNode(kind, mark);
  }

  void End() {
    YamlTree node = std::move(open_.back().node);
    open_.pop_back();
    Place(std::move(node));
  }

  bool WantsKey() const {
    return !open_.empty() && open_.back().node.kind == Kind::kMapping && !open_.back().has_key;
  }

  void Place(YamlTree node) {
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    Open& above = open_.back();
    if (WantsKey()) {
      if (node.text.empty()) Refuse(node.line, "a key is empty, expected text");
      above.has_key = true;
      above.key = std::move(node.text);
      above.key_line = node.line;
      return;
    }
    if (above.has_key) {
      node.key = std::move(above.key);
      node.key_line = above.key_line;
      above.has_key = false;
    }
    above.node.children.push_back(std::move(node));
  }

  std::vector<Open> open_;
  YamlTree root_;
  std::size_t documents_ = 0;
  std::size_t nodes_ = 0;
};

absl::Status ErrorAt(const std::string& file, int line, absl::string_view message) {
  return absl::InvalidArgumentError(absl::StrCat(file, ":", std::max(line, 1), ": ", message));
}

}  // namespace

const YamlTree* YamlTree::Find(const std::string& wanted) const {
  if (kind != Kind::kMapping) return nullptr;
  const auto found = std::lower_bound(
      children.begin(), children.end(), wanted,
      [](const YamlTree& child, const std::string& sought) { return child.key < sought; });
  return found == children.end() || found->key != wanted ? nullptr : &*found;
}

absl::StatusOr<YamlTree> ParseYamlTree(const std::string& file, const std::string& text) {
  if (text.size() > kMostBytes) {
    return ErrorAt(file, 1, absl::StrCat("is ", text.size(), " bytes, limit ", kMostBytes));
  }
  Builder builder;
  try {
    // The parser notices a quotation mark that is never closed only when no line end comes last.
    std::istringstream stream(std::string(absl::StripTrailingAsciiWhitespace(text)));
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const YAML::Exception& error) {
    return ErrorAt(file, error.mark.line + 1, absl::Utf8SafeCEscape(error.msg));
  } catch (const std::exception& error) {
    return ErrorAt(file, 1,
                   absl::StrCat("cannot be parsed: ", absl::Utf8SafeCEscape(error.what())));
  }
  if (builder.empty()) return ErrorAt(file, 1, "is empty, expected a mapping");
  return builder.TakeRoot();
}

}  // namespace kaisar
