#include "checker/describe_response.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kaisar/v1/provider.pb.h"

namespace kaisar::checker {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

/// A length-delimited field, of less than 128 bytes.
std::string Field(std::uint32_t number, const std::string& content) {
  return std::string{static_cast<char>(number << 3 | 2), static_cast<char>(content.size())} +
         content;
}

TEST(DescribeResponse, IsSplitIntoTheVeryBytesOfEachDevice) {
  v1::DescribeResponse response;
  response.set_software("provider 1");
  for (const std::uint32_t id : {7u, 0xffffffu}) {
    v1::DeviceDescription& device = *response.add_devices();
    device.set_id(id);
    device.mutable_gpu()->set_name("G");
  }
  const auto parts = SplitDescribeResponse(response.SerializeAsString());
  ASSERT_TRUE(parts.ok()) << parts.status();
  EXPECT_EQ(parts->software, "provider 1");
  EXPECT_THAT(parts->devices, ElementsAre(Pair(7, response.devices(0).SerializeAsString()),
                                          Pair(0xffffff, response.devices(1).SerializeAsString())));
}

// Texts that are no UTF-8, fields that no description has, in an order that nobody writes.
TEST(DescribeResponse, KeepsWhatNoMessageOfOursCanHold) {
  const std::string odd = Field(2, "\xff\x00\x1b") + Field(15, "?") + "\x08\x05";
  const auto parts = SplitDescribeResponse(Field(2, odd) + Field(1, "\xfe") + Field(9, "x"));
  ASSERT_TRUE(parts.ok()) << parts.status();
  EXPECT_EQ(parts->software, "\xfe");
  EXPECT_THAT(parts->devices, ElementsAre(Pair(5, odd)));
}

TEST(DescribeResponse, CountsTheFirstOfTwoEntries) {
  const std::string first = std::string("\x08\x05") + Field(3, "a");
  const auto parts =
      SplitDescribeResponse(Field(2, first) + Field(2, std::string("\x08\x05") + Field(3, "b")));
  ASSERT_TRUE(parts.ok()) << parts.status();
  EXPECT_THAT(parts->devices, ElementsAre(Pair(5, first)));
}

TEST(DescribeResponse, HasDevice0WhoseIdIsNotWritten) {
  v1::DescribeResponse response;
  response.add_devices()->set_backend("cpu");
  const auto parts = SplitDescribeResponse(response.SerializeAsString());
  ASSERT_TRUE(parts.ok()) << parts.status();
  EXPECT_THAT(parts->devices, ElementsAre(Pair(0, response.devices(0).SerializeAsString())));
}

TEST(DescribeResponse, LeavesOutEntriesThatAreNoMessages) {
  const auto parts = SplitDescribeResponse(Field(2, "\xff\xff") + Field(2, "\x12\x7f"));
  ASSERT_TRUE(parts.ok()) << parts.status();
  EXPECT_THAT(parts->devices, IsEmpty());
}

TEST(DescribeResponse, IsRefusedWhenItIsNoMessage) {
  for (const std::string& bytes :
       {std::string("\xff"), std::string("\x12\x7f"), std::string(9, 3)}) {
    const auto parts = SplitDescribeResponse(bytes);
    EXPECT_EQ(parts.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(parts.status().message()), HasSubstr("is no protobuf message"));
  }
  EXPECT_TRUE(SplitDescribeResponse("").ok());
}

}  // namespace
}  // namespace kaisar::checker
