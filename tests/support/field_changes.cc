#include "tests/support/field_changes.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/unknown_field_set.h>

#include <cstdint>
#include <limits>
#include <memory>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/check.h"

namespace kaisar::testing {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr int kUnknownNumber = 1000;
constexpr int kNoSuchValue = 99;
constexpr int kMostElements = 8;  // more of a list are not all looked into
constexpr std::size_t kMuch = 4096;

/// The way from a message to one within it.
struct Step {
  const FieldDescriptor* field;
  int index;  // -1: not of a list
};
using Steps = std::vector<Step>;

Message& Follow(Message& message, const Steps& steps) {
  Message* at = &message;
  for (const Step& step : steps) {
    at = step.index < 0 ? at->GetReflection()->MutableMessage(at, step.field)
                        : at->GetReflection()->MutableRepeatedMessage(at, step.field, step.index);
  }
  return *at;
}

/// Gathers the changes of one message and, by recursion, of those within it.
class Gatherer {
 public:
  Gatherer(const Message& root, std::vector<FieldChange>& changes)
      : root_(root), changes_(changes) {}

  void Gather(const Message& message, const Steps& steps, const std::string& path,
              const std::string& name) {
    Add(steps, path, name, "unknown field", [](Message& m) {
      m.GetReflection()->MutableUnknownFields(&m)->AddVarint(kUnknownNumber, 1);
    });
    for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
      const FieldDescriptor& field = *message.GetDescriptor()->field(i);
      const std::string dot = path.empty() ? "" : ".";
      const Place place{steps, absl::StrCat(path, dot, field.name()),
                        absl::StrCat(name, dot, field.name()), &field};
      if (field.is_repeated()) {
        GatherList(message, place);
      } else if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
        GatherMessage(message, place);
      } else {
        GatherValue(place, -1);
      }
    }
  }

 private:
  struct Place {
    Steps steps;
    std::string path;
    std::string name;
    const FieldDescriptor* field;
  };

  /// Takes the change over unless it changes nothing.
  void Add(const Steps& steps, const std::string& path, const std::string& name,
           const std::string& kind, const std::function<void(Message&)>& change) {
    const auto apply = [steps, change](Message& message) { change(Follow(message, steps)); };
    const std::unique_ptr<Message> copy(root_.New());
    copy->CopyFrom(root_);
    apply(*copy);
    if (copy->SerializeAsString() == root_.SerializeAsString()) return;
    changes_.push_back({path, name, kind, apply});
  }
  void Add(const Place& place, const std::string& kind,
           const std::function<void(Message&)>& change) {
    Add(place.steps, place.path, place.name, kind, change);
  }

  void GatherMessage(const Message& message, const Place& place) {
    const FieldDescriptor* field = place.field;
    const auto& reflection = *message.GetReflection();
    if (reflection.HasField(message, field)) {
      Add(place, "remove", [field](Message& m) { m.GetReflection()->ClearField(&m, field); });
      Steps steps = place.steps;
      steps.push_back({field, -1});
      Gather(reflection.GetMessage(message, field), steps, place.path, place.name);
    } else if (field->containing_oneof() == nullptr) {
      Add(place, "add", [field](Message& m) { m.GetReflection()->MutableMessage(&m, field); });
    }
  }

  void GatherList(const Message& message, const Place& place) {
    const FieldDescriptor* field = place.field;
    const auto& reflection = *message.GetReflection();
    const int size = reflection.FieldSize(message, field);
    Add(place, "append", [field](Message& m) { Append(m, *field); });
    if (size == 0) return;
    Add(place, "empty", [field](Message& m) { m.GetReflection()->ClearField(&m, field); });
    Add(place, "remove last", [field](Message& m) { m.GetReflection()->RemoveLast(&m, field); });
    Add(place, "remove first", [field, size](Message& m) {
      for (int i = 0; i + 1 < size; ++i) m.GetReflection()->SwapElements(&m, field, i, i + 1);
      m.GetReflection()->RemoveLast(&m, field);
    });
    Add(place, "double", [field](Message& m) { DoubleLast(m, *field); });
    Add(place, "exchange first two", [field, size](Message& m) {
      if (size > 1) m.GetReflection()->SwapElements(&m, field, 0, 1);
    });
    Add(place, "exchange outermost",
        [field, size](Message& m) { m.GetReflection()->SwapElements(&m, field, 0, size - 1); });
    std::set<int> indices{0, size / 2, size - 1};
    for (int i = 0; i < size && size <= kMostElements; ++i) indices.insert(i);
    for (const int i : indices) {
      Place element = place;
      element.path = absl::StrCat(place.path, "[", i, "]");
      if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) {
        GatherValue(element, i);
        continue;
      }
      Steps steps = place.steps;
      steps.push_back({field, i});
      Gather(reflection.GetRepeatedMessage(message, field, i), steps, element.path, place.name);
    }
  }

  static void Append(Message& message, const FieldDescriptor& field) {
    const auto& reflection = *message.GetReflection();
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      reflection.AddMessage(&message, &field);
    } else {
      KAISAR_CHECK(field.cpp_type() == FieldDescriptor::CPPTYPE_UINT64);
      reflection.AddUInt64(&message, &field, 0);
    }
  }

  static void DoubleLast(Message& message, const FieldDescriptor& field) {
    const auto& reflection = *message.GetReflection();
    const int last = reflection.FieldSize(message, &field) - 1;
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      const std::unique_ptr<Message> copy(
          reflection.GetRepeatedMessage(message, &field, last).New());
      copy->CopyFrom(reflection.GetRepeatedMessage(message, &field, last));
      reflection.AddMessage(&message, &field)->CopyFrom(*copy);
    } else {
      KAISAR_CHECK(field.cpp_type() == FieldDescriptor::CPPTYPE_UINT64);
      reflection.AddUInt64(&message, &field, reflection.GetRepeatedUInt64(message, &field, last));
    }
  }

  void GatherValue(const Place& place, int index) {
    const FieldDescriptor* field = place.field;
    switch (field->cpp_type()) {
      case FieldDescriptor::CPPTYPE_UINT32:
        return GatherNumber<std::uint32_t>(
            place, [field](Message& m) { return m.GetReflection()->GetUInt32(m, field); },
            [field](Message& m, std::uint32_t v) { m.GetReflection()->SetUInt32(&m, field, v); });
      case FieldDescriptor::CPPTYPE_INT64:
        return GatherNumber<std::int64_t>(
            place, [field](Message& m) { return m.GetReflection()->GetInt64(m, field); },
            [field](Message& m, std::int64_t v) { m.GetReflection()->SetInt64(&m, field, v); });
      case FieldDescriptor::CPPTYPE_UINT64:
        if (index >= 0) {
          return GatherNumber<std::uint64_t>(
              place,
              [field, index](Message& m) {
                return m.GetReflection()->GetRepeatedUInt64(m, field, index);
              },
              [field, index](Message& m, std::uint64_t v) {
                m.GetReflection()->SetRepeatedUInt64(&m, field, index, v);
              });
        }
        return GatherNumber<std::uint64_t>(
            place, [field](Message& m) { return m.GetReflection()->GetUInt64(m, field); },
            [field](Message& m, std::uint64_t v) { m.GetReflection()->SetUInt64(&m, field, v); });
      case FieldDescriptor::CPPTYPE_BOOL:
        return Add(place, "flip", [field](Message& m) {
          m.GetReflection()->SetBool(&m, field, !m.GetReflection()->GetBool(m, field));
        });
      case FieldDescriptor::CPPTYPE_ENUM:
        return GatherEnumeration(place);
      case FieldDescriptor::CPPTYPE_STRING:
        return GatherBytes(place);
      default:
        KAISAR_CHECK(false);  // a type that the format did not have: teach it here
    }
  }

  template <typename Number, typename Get, typename Set>
  void GatherNumber(const Place& place, const Get& get, const Set& set) {
    using Limits = std::numeric_limits<Number>;
    Add(place, "flip", [get, set](Message& m) { set(m, get(m) ^ 1); });
    Add(place, "zero", [set](Message& m) { set(m, 0); });
    Add(place, "half", [get, set](Message& m) { set(m, get(m) / 2); });
    Add(place, "max", [set](Message& m) { set(m, Limits::max()); });
    if (Limits::is_signed) Add(place, "min", [set](Message& m) { set(m, Limits::min()); });
  }

  void GatherEnumeration(const Place& place) {
    const FieldDescriptor* field = place.field;
    std::set<int> values{kNoSuchValue};
    for (int i = 0; i < field->enum_type()->value_count(); ++i) {
      values.insert(field->enum_type()->value(i)->number());
    }
    for (const int value : values) {
      const auto* known = field->enum_type()->FindValueByNumber(value);
      Add(place, absl::StrCat("is ", known == nullptr ? "unknown" : known->name()),
          [field, value](Message& m) { m.GetReflection()->SetEnumValue(&m, field, value); });
    }
  }

  void GatherBytes(const Place& place) {
    const auto add = [&](const char* kind, const std::function<void(std::string&)>& change) {
      Add(place, kind, [field = place.field, change](Message& m) {
        std::string bytes = m.GetReflection()->GetString(m, field);
        change(bytes);
        m.GetReflection()->SetString(&m, field, bytes);
      });
    };
    add("flip first", [](std::string& b) {
      if (!b.empty()) b.front() = static_cast<char>(b.front() ^ 1);
    });
    add("flip last", [](std::string& b) {
      if (b.size() > 1) b.back() = static_cast<char>(b.back() ^ 1);
    });
    add("zero", [](std::string& b) { b.clear(); });
    add("append", [](std::string& b) { b += 'x'; });
    add("append 4096", [](std::string& b) { b += std::string(kMuch, 'x'); });
    add("cut", [](std::string& b) {
      if (b.size() > 1) b.pop_back();
    });
  }

  const Message& root_;
  std::vector<FieldChange>& changes_;
};

}  // namespace

std::vector<FieldChange> FieldChanges(const Message& message) {
  std::vector<FieldChange> changes;
  Gatherer(message, changes).Gather(message, {}, "", "");
  return changes;
}

}  // namespace kaisar::testing
