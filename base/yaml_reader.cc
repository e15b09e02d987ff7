#include "base/yaml_reader.h"

#include <algorithm>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/endpoint.h"
#include "base/hex.h"
#include "base/plain_values.h"
#include "base/status_macros.h"
#include "base/yaml_tree.h"

namespace kaisar {
namespace {

using Kind = YamlTree::Kind;

constexpr std::size_t kMostTextBytes = 4096;
constexpr std::size_t kMostShownBytes = 80;  // of a value in a message

std::string Shown(const std::string& text) {
  if (text.size() <= kMostShownBytes) return absl::CHexEscape(text);
  return absl::StrCat(absl::CHexEscape(text.substr(0, kMostShownBytes)), "… (", text.size(),
                      " bytes)");
}

std::string Described(const YamlTree& node) {
  switch (node.kind) {
    case Kind::kNull:
      return "empty";
    case Kind::kPlain:
      return Shown(node.text);
    case Kind::kQuoted:
      return absl::StrCat("\"", Shown(node.text), "\"");
    case Kind::kSequence:
      return "a sequence";
    case Kind::kMapping:
      return "a mapping";
  }
  return "";
}

bool IsText(const YamlTree& node, std::size_t most_bytes) {
  return (node.kind == Kind::kPlain || node.kind == Kind::kQuoted) && !node.text.empty() &&
         node.text.size() <= most_bytes &&
         std::none_of(node.text.begin(), node.text.end(),
                      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

std::string ExpectedText(std::size_t most_bytes) {
  return absl::StrCat("text of 1 to ", most_bytes, " bytes");
}

}  // namespace

struct YamlReader::Document {
  std::string file;
  YamlTree root;
  absl::Status first_error;

  void Record(int line, const std::string& path, const std::string& message) {
    if (!first_error.ok()) return;
    first_error = absl::InvalidArgumentError(
        absl::StrCat(file, ":", line, ": ", absl::CHexEscape(path), ": ", message));
  }
};

YamlReader::YamlReader(std::shared_ptr<Document> document, const YamlTree* mapping,
                       std::string path)
    : document_(std::move(document)), mapping_(mapping), path_(std::move(path)) {}
YamlReader::YamlReader(YamlReader&&) noexcept = default;
YamlReader& YamlReader::operator=(YamlReader&&) noexcept = default;
YamlReader::~YamlReader() = default;

absl::StatusOr<YamlReader> YamlReader::Parse(const std::string& file, const std::string& text) {
  auto document = std::make_shared<Document>();
  document->file = file;
  ASSIGN_OR_RETURN(document->root, ParseYamlTree(file, text));
  if (document->root.kind != Kind::kMapping) {
    return absl::InvalidArgumentError(absl::StrCat(file, ":", document->root.line, ": is ",
                                                   Described(document->root),
                                                   ", expected a mapping"));
  }
  const YamlTree* root = &document->root;
  return YamlReader(std::move(document), root, "");
}

std::string YamlReader::PathOf(const std::string& key) const {
  return path_.empty() ? key : absl::StrCat(path_, ".", key);
}

void YamlReader::Mismatch(const YamlTree& node, const std::string& path,
                          const std::string& expected) {
  document_->Record(node.line, path, absl::StrCat("is ", Described(node), ", expected ", expected));
}

const YamlTree* YamlReader::Ask(const std::string& key, const std::string& expected,
                                bool required) {
  asked_.insert(key);
  if (mapping_ == nullptr) return nullptr;
  const YamlTree* node = mapping_->Find(key);
  if (node == nullptr && required) {
    document_->Record(mapping_->line, PathOf(key), absl::StrCat("is missing, expected ", expected));
  }
  return node;
}

bool YamlReader::Has(const std::string& key) const {
  return mapping_ != nullptr && mapping_->Find(key) != nullptr;
}

std::vector<std::string> YamlReader::Keys() const {
  std::vector<std::string> keys;
  if (mapping_ == nullptr) return keys;
  for (const YamlTree& child : mapping_->children) keys.push_back(child.key);
  return keys;
}

std::uint64_t YamlReader::AskUint(const std::string& key, std::uint64_t least, std::uint64_t most,
                                  std::uint64_t otherwise, bool required) {
  const std::string expected = absl::StrCat("an integer from ", least, " to ", most);
  const YamlTree* node = Ask(key, expected, required);
  if (node == nullptr) return otherwise;
  std::uint64_t value = 0;
  if (node->kind != Kind::kPlain || !ParseDecimal(node->text, value) || value < least ||
      value > most) {
    Mismatch(*node, PathOf(key), expected);
    return otherwise;
  }
  return value;
}

std::uint64_t YamlReader::Uint(const std::string& key, std::uint64_t least, std::uint64_t most) {
  return AskUint(key, least, most, least, true);
}

std::uint64_t YamlReader::UintOr(const std::string& key, std::uint64_t least, std::uint64_t most,
                                 std::uint64_t otherwise) {
  return AskUint(key, least, most, otherwise, false);
}

bool YamlReader::AskBool(const std::string& key, bool otherwise, bool required) {
  const YamlTree* node = Ask(key, "true or false", required);
  if (node == nullptr) return otherwise;
  const bool is_true = node->text == "true";
  if (node->kind != Kind::kPlain || (!is_true && node->text != "false")) {
    Mismatch(*node, PathOf(key), "true or false");
    return otherwise;
  }
  return is_true;
}

bool YamlReader::Bool(const std::string& key) {
  return AskBool(key, false, true);
}

bool YamlReader::BoolOr(const std::string& key, bool otherwise) {
  return AskBool(key, otherwise, false);
}

const YamlTree* YamlReader::AskText(const std::string& key, const std::string& expected,
                                    std::size_t most_bytes, bool required) {
  const YamlTree* node = Ask(key, expected, required);
  if (node == nullptr || IsText(*node, most_bytes)) return node;
  Mismatch(*node, PathOf(key), expected);
  return nullptr;
}

std::string YamlReader::Text(const std::string& key, std::size_t most_bytes) {
  const YamlTree* node = AskText(key, ExpectedText(most_bytes), most_bytes, true);
  return node == nullptr ? "" : node->text;
}

std::string YamlReader::TextOr(const std::string& key, const std::string& otherwise) {
  const YamlTree* node = AskText(key, ExpectedText(kMostTextBytes), kMostTextBytes, false);
  return node == nullptr ? otherwise : node->text;
}

std::string YamlReader::HostPort(const std::string& key, bool port_zero) {
  const std::uint16_t least = port_zero ? 0 : 1;
  const std::string expected = absl::StrCat("host:port with a port from ", least, " to 65535");
  const YamlTree* node = AskText(key, expected, kMostTextBytes, true);
  if (node == nullptr) return "";
  if (ParseEndpoint(node->text, least).ok()) return node->text;
  Mismatch(*node, PathOf(key), expected);
  return "";
}

template <std::size_t N>
std::array<std::uint8_t, N> YamlReader::AskHex(const std::string& key) {
  const std::string expected = absl::StrCat(N, " bytes in hex");
  const YamlTree* node = AskText(key, expected, kMostTextBytes, true);
  if (node == nullptr) return {};
  absl::StatusOr<std::array<std::uint8_t, N>> bytes = ParseHexArray<N>(node->text);
  if (bytes.ok()) return *bytes;
  Mismatch(*node, PathOf(key), absl::StrCat(expected, " (", bytes.status().message(), ")"));
  return {};
}

Address YamlReader::EvmAddress(const std::string& key) {
  return AskHex<20>(key);
}

Digest YamlReader::Bytes32(const std::string& key) {
  return AskHex<32>(key);
}

std::size_t YamlReader::Choice(const std::string& key, const std::vector<std::string>& choices) {
  const std::string expected = absl::StrCat("one of ", absl::StrJoin(choices, ", "));
  const YamlTree* node = AskText(key, expected, kMostTextBytes, true);
  if (node == nullptr) return 0;
  const auto chosen = std::find(choices.begin(), choices.end(), node->text);
  if (chosen != choices.end()) return static_cast<std::size_t>(chosen - choices.begin());
  Mismatch(*node, PathOf(key), expected);
  return 0;
}

const std::vector<YamlTree>* YamlReader::AskSequence(const std::string& key,
                                                     const std::string& expected) {
  const YamlTree* node = Ask(key, expected, true);
  if (node == nullptr || node->kind == Kind::kSequence) {
    return node == nullptr ? nullptr : &node->children;
  }
  Mismatch(*node, PathOf(key), expected);
  return nullptr;
}

std::vector<std::string> YamlReader::Texts(const std::string& key) {
  std::vector<std::string> texts;
  const std::vector<YamlTree>* items = AskSequence(key, "a sequence of texts");
  if (items == nullptr) return texts;
  for (const YamlTree& item : *items) {
    if (!IsText(item, kMostTextBytes)) {
      Mismatch(item, absl::StrCat(PathOf(key), "[", texts.size(), "]"),
               ExpectedText(kMostTextBytes));
      return {};
    }
    texts.push_back(item.text);
  }
  return texts;
}

YamlReader YamlReader::Map(const std::string& key) {
  const YamlTree* node = Ask(key, "a mapping", true);
  if (node != nullptr && node->kind != Kind::kMapping) {
    Mismatch(*node, PathOf(key), "a mapping");
    node = nullptr;
  }
  return YamlReader(document_, node, PathOf(key));
}

std::vector<YamlReader> YamlReader::Maps(const std::string& key) {
  std::vector<YamlReader> readers;
  const std::vector<YamlTree>* items = AskSequence(key, "a sequence of mappings");
  if (items == nullptr) return readers;
  for (const YamlTree& item : *items) {
    const std::string path = absl::StrCat(PathOf(key), "[", readers.size(), "]");
    if (item.kind != Kind::kMapping) {
      Mismatch(item, path, "a mapping");
      return {};
    }
    readers.push_back(YamlReader(document_, &item, path));
  }
  return readers;
}

void YamlReader::Fail(const std::string& key, const std::string& message) {
  if (mapping_ == nullptr) return;  // what is missing has been recorded
  const YamlTree* node = mapping_->Find(key);
  document_->Record(node == nullptr ? mapping_->line : node->line, PathOf(key), message);
}

absl::Status YamlReader::Finish() {
  if (mapping_ == nullptr) return document_->first_error;
  const YamlTree* unknown = nullptr;
  for (const YamlTree& child : mapping_->children) {
    if (asked_.count(child.key) > 0) continue;
    if (unknown == nullptr || child.key_line < unknown->key_line) unknown = &child;
  }
  if (unknown != nullptr) {
    document_->Record(unknown->key_line, PathOf(unknown->key),
                      absl::StrCat("is unknown, expected one of ", absl::StrJoin(asked_, ", ")));
  }
  return document_->first_error;
}

}  // namespace kaisar
