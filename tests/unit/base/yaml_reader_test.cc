#include "base/yaml_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <utility>

#include "base/hex.h"

namespace kaisar {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

YamlReader Parsed(const std::string& text) {
  return YamlReader::Parse("f.yaml", text).value();
}

std::string ParseError(const std::string& text) {
  const absl::Status status = YamlReader::Parse("f.yaml", text).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << text;
  return std::string(status.message());
}

/// What is wrong with a document, read in this way.
std::string ReadError(const std::string& text, const std::function<void(YamlReader&)>& read) {
  YamlReader reader = Parsed(text);
  read(reader);
  const absl::Status status = reader.Finish();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << text;
  return std::string(status.message());
}

TEST(YamlReader, ReadsEveryKindOfValue) {
  YamlReader reader = Parsed(
      "count: 18446744073709551615\n"
      "on: true\n"
      "off: false\n"
      "name: 'a: \"b\" ü'\n"
      "listen: 127.0.0.1:0\n"
      "owner: '0x3333333333333333333333333333333333333333'\n"
      "pin: 1111111111111111111111111111111111111111111111111111111111111111\n"
      "phase: standby\n"
      "files: [a, 5, 'true']\n"
      "inner: {x: 1}\n"
      "devices:\n"
      "  - id: 7\n"
      "  - {id: 8}\n");
  EXPECT_EQ(reader.Uint("count", 0, UINT64_MAX), UINT64_MAX);
  EXPECT_TRUE(reader.Bool("on"));
  EXPECT_FALSE(reader.BoolOr("off", true));
  EXPECT_EQ(reader.Text("name"), "a: \"b\" ü");
  EXPECT_EQ(reader.HostPort("listen", /*port_zero=*/true), "127.0.0.1:0");
  EXPECT_EQ(ToHex(reader.EvmAddress("owner")), std::string(40, '3'));
  EXPECT_EQ(ToHex(reader.Bytes32("pin")), std::string(64, '1'));
  EXPECT_EQ(reader.Choice("phase", {"registering", "standby"}), 1u);
  EXPECT_THAT(reader.Texts("files"), ElementsAre("a", "5", "true"));
  YamlReader inner = reader.Map("inner");
  EXPECT_EQ(inner.Uint("x", 0, 1), 1u);
  EXPECT_TRUE(inner.Finish().ok());
  std::vector<YamlReader> devices = reader.Maps("devices");
  ASSERT_EQ(devices.size(), 2u);
  EXPECT_EQ(devices[1].Uint("id", 0, 9), 8u);
  EXPECT_TRUE(reader.Finish().ok()) << reader.Finish();
}

TEST(YamlReader, GivesTheDefaultOfAKeyThatIsNotThere) {
  YamlReader reader = Parsed("a: 1\n");
  EXPECT_EQ(reader.UintOr("count", 0, 9, 5), 5u);
  EXPECT_TRUE(reader.BoolOr("on", true));
  EXPECT_EQ(reader.TextOr("name", "x"), "x");
  EXPECT_EQ(reader.Uint("a", 1, 1), 1u);
  EXPECT_TRUE(reader.Finish().ok());
}

TEST(YamlReader, TellsItsKeysWithoutAskingForThem) {
  YamlReader reader = Parsed("b: 1\na: 2\n");
  EXPECT_TRUE(reader.Has("a"));
  EXPECT_FALSE(reader.Has("c"));
  EXPECT_THAT(reader.Keys(), ElementsAre("a", "b"));
  EXPECT_EQ(reader.Finish().message(), "f.yaml:1: b: is unknown, expected one of ");
}

TEST(YamlReader, NamesFileLineKeyValueAndWhatWasExpected) {
  const std::vector<std::pair<std::string, std::string>> uints = {
      {"\nn: 0", "f.yaml:2: n: is 0, expected an integer from 1 to 10"},
      {"n: 11", "f.yaml:1: n: is 11, expected an integer from 1 to 10"},
      {"n: -1", "f.yaml:1: n: is -1, expected an integer from 1 to 10"},
      {"n: 07", "f.yaml:1: n: is 07, expected an integer from 1 to 10"},
      {"n: 0x7", "f.yaml:1: n: is 0x7, expected an integer from 1 to 10"},
      {"n: 7.0", "f.yaml:1: n: is 7.0, expected an integer from 1 to 10"},
      {"n: '7'", "f.yaml:1: n: is \"7\", expected an integer from 1 to 10"},
      {"n: 99999999999999999999",
       "f.yaml:1: n: is 99999999999999999999, expected an integer from 1 to 10"},
      {"n:", "f.yaml:1: n: is empty, expected an integer from 1 to 10"},
      {"n: ~", "f.yaml:1: n: is empty, expected an integer from 1 to 10"},
      {"n: [7]", "f.yaml:1: n: is a sequence, expected an integer from 1 to 10"},
      {"n:\n  a: 7", "f.yaml:2: n: is a mapping, expected an integer from 1 to 10"},
      {"\n\nm: 7", "f.yaml:3: n: is missing, expected an integer from 1 to 10"},
  };
  for (const auto& [text, message] : uints) {
    EXPECT_EQ(ReadError(text, [](YamlReader& reader) { reader.Uint("n", 1, 10); }), message);
  }
  EXPECT_EQ(ReadError("n: 11", [](YamlReader& reader) { reader.UintOr("n", 1, 10, 5); }),
            "f.yaml:1: n: is 11, expected an integer from 1 to 10");
}

TEST(YamlReader, NamesWhatEachOtherKindOfValueShouldBe) {
  const auto error = [](const std::string& text, const std::function<void(YamlReader&)>& read) {
    return ReadError(text, read);
  };
  for (const char* text : {"yes", "True", "1", "'true'"}) {
    EXPECT_EQ(error(std::string("b: ") + text, [](YamlReader& r) { r.Bool("b"); }).substr(0, 14),
              "f.yaml:1: b: i");
  }
  EXPECT_EQ(error("b: yes", [](YamlReader& r) { r.BoolOr("b", true); }),
            "f.yaml:1: b: is yes, expected true or false");
  EXPECT_EQ(error("t: abc", [](YamlReader& r) { r.Text("t", 2); }),
            "f.yaml:1: t: is abc, expected text of 1 to 2 bytes");
  EXPECT_EQ(error("t: ''", [](YamlReader& r) { r.TextOr("t", "x"); }),
            "f.yaml:1: t: is \"\", expected text of 1 to 4096 bytes");
  EXPECT_EQ(error("t: \"a\\nb\"", [](YamlReader& r) { r.Text("t"); }),
            "f.yaml:1: t: is \"a\\nb\", expected text of 1 to 4096 bytes");
  EXPECT_EQ(error("h: localhost", [](YamlReader& r) { r.HostPort("h"); }),
            "f.yaml:1: h: is localhost, expected host:port with a port from 1 to 65535");
  EXPECT_EQ(error("h: localhost:0", [](YamlReader& r) { r.HostPort("h"); }),
            "f.yaml:1: h: is localhost:0, expected host:port with a port from 1 to 65535");
  EXPECT_EQ(error("o: 0x33", [](YamlReader& r) { r.EvmAddress("o"); }),
            "f.yaml:1: o: is 0x33, expected 20 bytes in hex (hex gives 1 bytes, expected 20)");
  EXPECT_EQ(error("o: zz", [](YamlReader& r) { r.Bytes32("o"); }),
            "f.yaml:1: o: is zz, expected 32 bytes in hex (hex has a wrong digit at position 0)");
  EXPECT_EQ(error("c: d",
                  [](YamlReader& r) {
                    r.Choice("c", {"a", "b"});
                  }),
            "f.yaml:1: c: is d, expected one of a, b");
  EXPECT_EQ(error("s: a", [](YamlReader& r) { r.Texts("s"); }),
            "f.yaml:1: s: is a, expected a sequence of texts");
  EXPECT_EQ(error("s:\n- a\n- {}", [](YamlReader& r) { r.Texts("s"); }),
            "f.yaml:3: s[1]: is a mapping, expected text of 1 to 4096 bytes");
  EXPECT_EQ(error("m: []", [](YamlReader& r) { r.Map("m"); }),
            "f.yaml:1: m: is a sequence, expected a mapping");
  EXPECT_EQ(error("m: {}", [](YamlReader& r) { r.Maps("m"); }),
            "f.yaml:1: m: is a mapping, expected a sequence of mappings");
  EXPECT_EQ(error("m: [{}, 5]", [](YamlReader& r) { r.Maps("m"); }),
            "f.yaml:1: m[1]: is 5, expected a mapping");
}

TEST(YamlReader, NamesKeysByTheirFullPath) {
  const std::string text =
      "phases:\n"
      "  standby:\n"
      "    matmul:\n"
      "      count: x\n"
      "devices:\n"
      "  - id: 1\n"
      "  - id: x\n";
  EXPECT_EQ(ReadError(text,
                      [](YamlReader& reader) {
                        YamlReader standby = reader.Map("phases").Map("standby");
                        standby.Map("matmul").Uint("count", 0, 9);
                      }),
            "f.yaml:4: phases.standby.matmul.count: is x, expected an integer from 0 to 9");
  EXPECT_EQ(ReadError(text,
                      [](YamlReader& reader) {
                        for (YamlReader& device : reader.Maps("devices")) device.Uint("id", 0, 9);
                      }),
            "f.yaml:7: devices[1].id: is x, expected an integer from 0 to 9");
  EXPECT_EQ(
      ReadError("a: {b: 1}", [](YamlReader& reader) { reader.Map("a").Finish().IgnoreError(); }),
      "f.yaml:1: a.b: is unknown, expected one of ");
}

TEST(YamlReader, RefusesKeysThatNobodyAskedForAndNamesTheFirst) {
  EXPECT_EQ(ReadError("a: 1\nz: 2\nb: 3\nm: 1",
                      [](YamlReader& reader) {
                        reader.Uint("a", 0, 9);
                        reader.UintOr("m", 0, 9, 0);
                      }),
            "f.yaml:2: z: is unknown, expected one of a, m");
}

TEST(YamlReader, KeepsTheFirstErrorAndGivesDefaultsAfterIt) {
  YamlReader reader = Parsed("a: x\nb: y\n");
  EXPECT_EQ(reader.Uint("a", 3, 9), 3u);
  EXPECT_EQ(reader.Uint("b", 4, 9), 4u);
  YamlReader missing = reader.Map("m");
  EXPECT_EQ(missing.Text("t"), "");
  EXPECT_EQ(missing.Bytes32("d"), Digest{});
  EXPECT_THAT(missing.Keys(), IsEmpty());
  EXPECT_THAT(missing.Map("deeper").Texts("s"), IsEmpty());
  missing.Fail("t", "is wrong");
  EXPECT_EQ(missing.Finish().message(), "f.yaml:1: a: is x, expected an integer from 3 to 9");
  EXPECT_EQ(reader.Finish().message(), "f.yaml:1: a: is x, expected an integer from 3 to 9");
}

TEST(YamlReader, RecordsTheCallersOwnErrors) {
  EXPECT_EQ(ReadError("a: 1\nid: 5",
                      [](YamlReader& reader) {
                        reader.Uint("a", 0, 9);
                        reader.Uint("id", 0, 9);
                        reader.Fail("id", "is 5, which device 3 has already");
                      }),
            "f.yaml:2: id: is 5, which device 3 has already");
}

TEST(YamlReader, RefusesWhatMeansDifferentThingsToDifferentReaders) {
  EXPECT_EQ(ParseError("a: 1\nb: 2\na: 3\n"), "f.yaml:3: duplicate key a");
  EXPECT_EQ(ParseError("m:\n  x: 1\n  'x': 2\n"), "f.yaml:3: duplicate key x");
  EXPECT_EQ(ParseError("a: &x 1\n"), "f.yaml:1: anchors are not allowed");
  EXPECT_EQ(ParseError("a: &x\n  b: 1\n"), "f.yaml:1: anchors are not allowed");
  EXPECT_EQ(ParseError("a: 1\nb: !!str 1\n"), "f.yaml:2: tags are not allowed");
  EXPECT_EQ(ParseError("b: !x {}\n"), "f.yaml:1: tags are not allowed");
  EXPECT_EQ(ParseError("a: 1\n---\nb: 1\n"), "f.yaml:2: a second document begins, expected one");
  EXPECT_EQ(ParseError("[a, b]: 1\n"), "f.yaml:1: a key is a mapping or a sequence, expected text");
  EXPECT_EQ(ParseError("'': 1\n"), "f.yaml:1: a key is empty, expected text");
  EXPECT_EQ(ParseError("~: 1\n"), "f.yaml:1: a key is empty, expected text");
}

TEST(YamlReader, RefusesAnAlias) {
  EXPECT_EQ(ParseError("a: 1\nb: *x\n"),
            "f.yaml:2: the referenced anchor is not defined");  // the anchor itself is refused
}

TEST(YamlReader, RefusesWhatIsNoMapping) {
  for (const char* text : {"", "\n# only a comment\n", "---\n...\n"}) {
    EXPECT_EQ(ParseError(text), "f.yaml:1: is empty, expected a mapping") << text;
  }
  EXPECT_EQ(ParseError("\nabc\n"), "f.yaml:2: is abc, expected a mapping");
  EXPECT_EQ(ParseError("- a\n"), "f.yaml:1: is a sequence, expected a mapping");
}

TEST(YamlReader, NamesTheLineOfASyntaxError) {
  EXPECT_EQ(ParseError("a: 1\nb: [1, 2\nc: 3\n").substr(0, 9), "f.yaml:3:");
  EXPECT_EQ(ParseError("a: 1\n\tb: 2\n").substr(0, 9), "f.yaml:2:");
  for (const char* end : {"", "\n", "\n\n", "\nb: 2\n", " \r\n", "\n# comment\n"}) {
    EXPECT_EQ(ParseError(std::string("c: 1\na: \"unfinished") + end).substr(0, 7), "f.yaml:");
    EXPECT_EQ(ParseError(std::string("c: 1\na: 'unfinished") + end).substr(0, 7), "f.yaml:");
  }
}

TEST(YamlReader, HasLimitsOnSizeAndDepth) {
  std::string nested = "a: ";
  for (int i = 0; i < 15; ++i) nested += "[";
  for (int i = 0; i < 15; ++i) nested += "]";
  EXPECT_TRUE(YamlReader::Parse("f.yaml", nested).ok());
  nested.insert(3, "[").append("]");
  EXPECT_EQ(ParseError(nested), "f.yaml:1: more than 16 levels");
  EXPECT_EQ(ParseError("a: " + std::string(100000, '[')).substr(0, 10), "f.yaml:1: ");
  EXPECT_EQ(ParseError(std::string((16 << 20) + 1, '#')),
            "f.yaml:1: is 16777217 bytes, limit 16777216");
}

TEST(YamlReader, ShowsStrangeValuesInOneShortLine) {
  EXPECT_EQ(ParseError("\"a\\nb\": 1\n\"a\\nb\": 2\n"), "f.yaml:2: duplicate key a\\nb");
  const std::string error = ReadError("n: \"\\x01\\n" + std::string(500, 'a') + "\"",
                                      [](YamlReader& reader) { reader.Uint("n", 0, 1); });
  EXPECT_EQ(error, "f.yaml:1: n: is \"\\x01\\n" + std::string(78, 'a') +
                       "… (502 bytes)\", expected an integer from 0 to 1");
}

}  // namespace
}  // namespace kaisar
