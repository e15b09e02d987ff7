#include "chain/abi.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/keccak256.h"
#include "base/status_macros.h"

namespace kaisar::chain {
namespace {

constexpr std::size_t kWord = 32;
constexpr std::size_t kSelectorBytes = 4;

void AppendWord(Bytes& to, std::uint64_t value) {
  Append(to, Uint256(value).ToWord());
}

std::size_t Padded(std::size_t size) {
  return (size + kWord - 1) / kWord * kWord;
}

}  // namespace

AbiEncoder& AbiEncoder::Uint(const Uint256& value) {
  return Bytes32(value.ToWord());
}

AbiEncoder& AbiEncoder::Boolean(bool value) {
  return Uint(value ? 1 : 0);
}

AbiEncoder& AbiEncoder::Bytes32(const Digest& value) {
  parts_.push_back({Bytes(value.begin(), value.end()), false});
  return *this;
}

AbiEncoder& AbiEncoder::EvmAddress(const Address& value) {
  Bytes word(kWord - value.size());
  Append(word, value);
  parts_.push_back({std::move(word), false});
  return *this;
}

AbiEncoder& AbiEncoder::DynamicBytes(ByteView value) {
  Bytes bytes;
  bytes.reserve(kWord + Padded(value.size()));
  AppendWord(bytes, value.size());
  Append(bytes, value);
  bytes.resize(kWord + Padded(value.size()));
  parts_.push_back({std::move(bytes), true});
  return *this;
}

AbiEncoder& AbiEncoder::StaticTuple(const AbiEncoder& value) {
  for (const Part& part : value.parts_) KAISAR_CHECK(!part.dynamic);
  parts_.push_back({value.Finish(), false});
  return *this;
}

AbiEncoder& AbiEncoder::DynamicTuple(const AbiEncoder& value) {
  parts_.push_back({value.Finish(), true});
  return *this;
}

AbiEncoder& AbiEncoder::StaticArray(const std::vector<AbiEncoder>& values) {
  AbiEncoder elements;
  for (const AbiEncoder& value : values) elements.StaticTuple(value);
  Bytes bytes;
  AppendWord(bytes, values.size());
  Append(bytes, elements.Finish());
  parts_.push_back({std::move(bytes), true});
  return *this;
}

AbiEncoder& AbiEncoder::DynamicArray(const std::vector<AbiEncoder>& values) {
  AbiEncoder elements;
  for (const AbiEncoder& value : values) elements.DynamicTuple(value);
  Bytes bytes;
  AppendWord(bytes, values.size());
  Append(bytes, elements.Finish());
  parts_.push_back({std::move(bytes), true});
  return *this;
}

Bytes AbiEncoder::Finish() const {
  std::size_t head = 0;
  std::size_t tail = 0;
  for (const Part& part : parts_) {
    head += part.dynamic ? kWord : part.bytes.size();
    tail += part.dynamic ? part.bytes.size() : 0;
  }
  Bytes bytes;
  bytes.reserve(head + tail);
  std::size_t offset = head;
  for (const Part& part : parts_) {
    if (part.dynamic) {
      AppendWord(bytes, offset);
      offset += part.bytes.size();
    } else {
      Append(bytes, part.bytes);
    }
  }
  for (const Part& part : parts_) {
    if (part.dynamic) Append(bytes, part.bytes);
  }
  return bytes;
}

Bytes Selector(absl::string_view signature) {
  const Digest hash = Keccak256(ViewOf(signature));
  return Bytes(hash.begin(), hash.begin() + kSelectorBytes);
}

Digest EventTopic(absl::string_view signature) {
  return Keccak256(ViewOf(signature));
}

Bytes EncodeCall(absl::string_view signature, const AbiEncoder& arguments) {
  Bytes call = Selector(signature);
  Append(call, arguments.Finish());
  return call;
}

Digest AbiDecoder::Word() {
  Digest word{};
  if (!status_.ok()) return word;
  if (bytes_.size() - next_ < kWord) {
    Fail(absl::StrCat("ends after ", bytes_.size(), " bytes"));
    return word;
  }
  std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(next_), kWord, word.begin());
  next_ += kWord;
  return word;
}

void AbiDecoder::Fail(const std::string& what) {
  if (!status_.ok()) return;
  status_ = absl::InvalidArgumentError(absl::StrCat("word ", next_ / kWord, ": ", what));
  bytes_ = {};
  next_ = 0;
}

Uint256 AbiDecoder::Uint(int bits) {
  KAISAR_CHECK(bits > 0 && bits <= 256 && bits % 8 == 0);
  const Digest word = Word();
  const auto end = word.end() - bits / 8;
  if (std::any_of(word.begin(), end, [](std::uint8_t byte) { return byte != 0; })) {
    Fail(absl::StrCat("is ", Uint256::FromWord(word).ToDecimal(), ", expected ", bits, " bits"));
    return Uint256();
  }
  return Uint256::FromWord(word);
}

std::uint64_t AbiDecoder::Uint64(int bits) {
  KAISAR_CHECK(bits <= 64);
  return Uint(bits).ToUint64();
}

bool AbiDecoder::Boolean() {
  const std::uint64_t value = Uint(256).ToUint64();
  if (value > 1) Fail(absl::StrCat("is ", value, ", expected 0 or 1"));
  return value == 1;
}

Digest AbiDecoder::Bytes32() {
  return Word();
}

Address AbiDecoder::EvmAddress() {
  const Digest word = Uint(160).ToWord();
  Address address;
  std::copy(word.end() - address.size(), word.end(), address.begin());
  return address;
}

ByteView AbiDecoder::Tail() {
  const std::size_t place = next_;
  const std::uint64_t offset = Uint(256).ToUint64();
  if (!status_.ok()) return {};
  if (offset > bytes_.size()) {
    next_ = place;
    Fail(absl::StrCat("points to byte ", offset, " of ", bytes_.size()));
    return {};
  }
  return bytes_.subspan(offset);
}

Bytes AbiDecoder::DynamicBytes(std::size_t most_bytes) {
  AbiDecoder content(Tail());
  const std::uint64_t size = content.Uint(256).ToUint64();
  if (status_.ok() && !content.status_.ok()) Fail("points to no length");
  if (!status_.ok()) return {};
  const ByteView rest = content.bytes_.subspan(content.next_);
  if (size > most_bytes || size > rest.size()) {
    Fail(absl::StrCat("has ", size, " bytes of ", rest.size(), ", limit ", most_bytes));
    return {};
  }
  return Bytes(rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(size));
}

AbiDecoder AbiDecoder::DynamicTuple() {
  AbiDecoder tuple(Tail());
  tuple.status_ = status_;
  return tuple;
}

std::vector<AbiDecoder> AbiDecoder::Elements(std::size_t words, std::size_t most) {
  AbiDecoder content(Tail());
  const std::uint64_t count = content.Uint(256).ToUint64();
  if (status_.ok() && !content.status_.ok()) Fail("points to no count");
  if (!status_.ok()) return {};
  const ByteView rest = content.bytes_.subspan(content.next_);
  const std::size_t element_bytes = std::max<std::size_t>(words, 1) * kWord;
  if (count > most || count > rest.size() / element_bytes) {
    Fail(absl::StrCat("has ", count, " elements in ", rest.size(), " bytes, limit ", most));
    return {};
  }
  std::vector<AbiDecoder> elements;
  elements.reserve(count);
  AbiDecoder heads(rest);
  for (std::size_t i = 0; i < count; ++i) {
    if (words == 0) {
      elements.push_back(heads.DynamicTuple());
    } else {
      elements.emplace_back(rest.subspan(i * element_bytes, element_bytes));
    }
  }
  return elements;
}

}  // namespace kaisar::chain
