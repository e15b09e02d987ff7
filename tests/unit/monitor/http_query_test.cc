#include "monitor/http_query.h"

#include <gtest/gtest.h>

namespace kaisar::monitor {
namespace {

TEST(QueryField, IsFoundByItsWholeName) {
  EXPECT_EQ(QueryField("find=a&show=failed&from=50", "show"), "failed");
  EXPECT_EQ(QueryField("find=a&find=b", "find"), "a");
  EXPECT_EQ(QueryField("finder=a", "find"), "");
  EXPECT_EQ(QueryField("find", "find"), "");
  EXPECT_EQ(QueryField("", "find"), "");
}

TEST(QueryField, IsDecoded) {
  EXPECT_EQ(QueryField("find=gpu+7%26%3Cb%3e", "find"), "gpu 7&<b>");
  EXPECT_EQ(QueryField("find=%00a", "find"), std::string("\0a", 2));
  for (const char* broken : {"%", "%4", "%zz", "100%"}) {
    EXPECT_EQ(QueryField(std::string("find=") + broken, "find"), broken);
  }
}

}  // namespace
}  // namespace kaisar::monitor
