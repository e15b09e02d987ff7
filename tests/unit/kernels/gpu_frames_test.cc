#include "kernels/gpu_frames.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "kernels/frame_socket.h"

namespace kaisar::kernels {
namespace {

using ::testing::HasSubstr;

constexpr ProofShape kShape{2048, 5};  // 4096 leaves: 12 levels above them

Digest SeedOf(std::uint8_t byte) {
  Digest seed;
  seed.fill(byte);
  return seed;
}

// Every body that is one byte too short or too long.
template <typename Parse>
void ExpectOnlyWhole(const std::string& body, const Parse& parse) {
  EXPECT_TRUE(parse(body).ok()) << parse(body).status();
  for (const std::string& other : {body.substr(1), body + "x", std::string()}) {
    EXPECT_EQ(parse(other).status().code(), absl::StatusCode::kDataLoss) << other.size();
  }
}

TEST(GpuFrames, ReadsTheHeadersThatItWrites) {
  const auto bytes = SerializeFrameHeader({FrameKind::kRoots, 0x010203});
  EXPECT_EQ(std::string(bytes.data(), bytes.size()), std::string("\0\1\2\3\x12", 5));
  const auto header = ParseFrameHeader(bytes);
  ASSERT_TRUE(header.ok()) << header.status();
  EXPECT_EQ(header->kind, FrameKind::kRoots);
  EXPECT_EQ(header->body_bytes, 0x010203u);
}

TEST(GpuFrames, TakesNoHeaderWithAKindOrALengthThatThereIsNot) {
  int kinds = 0;
  for (int kind = 0; kind < 256; ++kind) {
    const auto with = [kind](std::uint32_t bytes) {
      return ParseFrameHeader(SerializeFrameHeader({static_cast<FrameKind>(kind), bytes}));
    };
    if (with(0).ok()) ++kinds;
    EXPECT_EQ(with(0xffffffff).status().code(), absl::StatusCode::kDataLoss) << kind;
  }
  EXPECT_EQ(kinds, 10);
  EXPECT_THAT(
      std::string(ParseFrameHeader(SerializeFrameHeader({FrameKind::kDrop, 1})).status().message()),
      HasSubstr("has 1 bytes, limit 0"));
}

TEST(GpuFrames, ReadsOrdersThatItWritesAndNoOthers) {
  const std::string body = SerializeOrder({SeedOf(7), {2048, 5}});
  const auto order = ParseOrder(body);
  ASSERT_TRUE(order.ok()) << order.status();
  EXPECT_EQ(order->seed, SeedOf(7));
  EXPECT_EQ(order->shape.n, 2048u);
  EXPECT_EQ(order->shape.rounds, 5u);
  ExpectOnlyWhole(body, ParseOrder);
  ExpectOnlyWhole(SerializeShape(kShape), ParseShape);
  for (const ProofShape& shape :
       {ProofShape{0, 1}, ProofShape{128, 1}, ProofShape{257, 1}, ProofShape{65'536, 1},
        ProofShape{256, 0}, ProofShape{256, kMostFrameRounds + 1}}) {
    EXPECT_FALSE(ParseShape(SerializeShape(shape)).ok()) << shape.n << ", " << shape.rounds;
  }
  EXPECT_TRUE(ParseShape(SerializeShape({32'768, kMostFrameRounds})).ok());
}

TEST(GpuFrames, ReadsNodesOfTheProofAndNoOthers) {
  const std::vector<StateNode> nodes = {{.state = 1, .level = 0, .index = 4095},
                                        {.state = 5, .level = 12, .index = 0}};
  const auto read = ParseNodes(kShape, SerializeNodes(nodes));
  ASSERT_TRUE(read.ok()) << read.status();
  ASSERT_EQ(read->size(), 2u);
  EXPECT_EQ((*read)[0].index, 4095u);
  EXPECT_EQ((*read)[1].level, 12u);
  EXPECT_FALSE(ParseNodes(kShape, SerializeNodes(nodes).substr(1)).ok());
  EXPECT_EQ(MeasureNodes(kShape, nodes).value(), 1024u + 12 * 32 + 2048 * 2048);
  for (const StateNode& node :
       {StateNode{.state = 0}, StateNode{.state = 6}, StateNode{.state = 1, .level = 13},
        StateNode{.state = 1, .level = 0, .index = 4096},
        StateNode{.state = 1, .level = 12, .index = 1},
        StateNode{.state = 1, .level = 0xffffffff, .index = 0},
        StateNode{.state = 1, .level = 0, .index = ~std::uint64_t{0}}}) {
    EXPECT_EQ(ParseNodes(kShape, SerializeNodes({&node, 1})).status().code(),
              absl::StatusCode::kDataLoss);
  }
}

TEST(GpuFrames, OpensNoMoreThanItsLimits) {
  std::vector<StateNode> nodes(kMostFrameNodes, StateNode{});
  EXPECT_TRUE(MeasureNodes(kShape, nodes).ok());
  nodes.push_back({});
  EXPECT_THAT(std::string(MeasureNodes(kShape, nodes).status().message()),
              HasSubstr("65537 nodes to open, limit 65536"));
  const std::vector<StateNode> states(3, StateNode{.state = 1, .level = 20, .index = 0});
  EXPECT_TRUE(MeasureNodes({32'768, 1}, absl::MakeSpan(states).subspan(1)).ok());
  EXPECT_THAT(std::string(MeasureNodes({32'768, 1}, states).status().message()),
              HasSubstr("take 3221225472 bytes, limit 2147483648"));
}

TEST(GpuFrames, ReadsWhatWasOpenedAndNothingElse) {
  const std::vector<StateNode> nodes = {{.state = 1, .level = 11, .index = 1}, {}};
  const std::vector<OpenedNode> opened = {{std::string(2048 * 1024, 'a'), Bytes(32, 1)},
                                          {std::string(1024, 'b'), Bytes(12 * 32, 2)}};
  const std::string body = SerializeOpened(opened);
  ExpectOnlyWhole(body,
                  [&nodes](const std::string& text) { return ParseOpened(kShape, nodes, text); });
  const auto read = ParseOpened(kShape, nodes, body);
  EXPECT_TRUE((*read)[0].elements == opened[0].elements && (*read)[0].path == opened[0].path);
  EXPECT_TRUE((*read)[1].elements == opened[1].elements && (*read)[1].path == opened[1].path);
}

TEST(GpuFrames, ReadsTheOtherAnswersThatItWrites) {
  const std::vector<Digest> roots = {SeedOf(1), SeedOf(2)};
  EXPECT_EQ(ParseRoots(2, SerializeRoots(roots)).value(), roots);
  EXPECT_FALSE(ParseRoots(3, SerializeRoots(roots)).ok());
  ExpectOnlyWhole(SerializeBytes(std::uint64_t{1} << 40), ParseBytes);
  EXPECT_EQ(ParseBytes(SerializeBytes(std::uint64_t{1} << 40)).value(), std::uint64_t{1} << 40);

  const std::string body = SerializeReady({{1, 2}, "a GPU\n"});
  const auto ready = ParseReady(body);
  ASSERT_TRUE(ready.ok()) << ready.status();
  EXPECT_EQ(ready->memory.free_bytes, 1u);
  EXPECT_EQ(ready->memory.total_bytes, 2u);
  EXPECT_EQ(ready->description, "a GPU?");
  EXPECT_FALSE(ParseReady(body.substr(0, 16)).ok());
  EXPECT_FALSE(ParseReady(body + std::string(300, 'x')).ok());
}

TEST(GpuFrames, ReadsFailuresAsWhatTheyWere) {
  const absl::Status failure = absl::ResourceExhaustedError("2 bytes,\x1b[31m 1 free");
  EXPECT_EQ(ParseFailure(SerializeFailure(failure)),
            absl::ResourceExhaustedError("2 bytes,?[31m 1 free"));
  const absl::Status long_one = absl::UnavailableError(std::string(10'000, 'x'));
  EXPECT_EQ(ParseFailure(SerializeFailure(long_one)),
            absl::UnavailableError(std::string(kMostFailureBytes, 'x')));
  EXPECT_EQ(ParseFailure("").code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(ParseFailure(std::string("\0no failure", 11)).code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(ParseFailure("\x11no code").code(), absl::StatusCode::kDataLoss);
}

class FrameSocketTest : public ::testing::Test {
 protected:
  void SetUp() override {
    int ends[2];
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    ours_ = std::make_unique<FrameSocket>(Descriptor(ends[0]));
    theirs_ = Descriptor(ends[1]);
  }
  void Say(const std::string& bytes) {
    ASSERT_EQ(write(theirs_.fd(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  }

  std::unique_ptr<FrameSocket> ours_;
  Descriptor theirs_;
};

TEST_F(FrameSocketTest, PutsTogetherWhatComesInPieces) {
  const std::string frame(
      "\0\0\0\3\x10"
      "abc",
      8);
  for (const char byte : frame) {
    EXPECT_FALSE(ours_->Receive(100, 0).value().has_value());
    Say(std::string(1, byte));
  }
  Say(std::string("\0\0\0\0\x05\0\0", 7));
  auto received = ours_->Receive(100, 0);
  ASSERT_TRUE(received.ok() && received->has_value());
  EXPECT_EQ((*received)->kind, FrameKind::kReady);
  EXPECT_EQ((*received)->body, "abc");
  received = ours_->Receive(100, 0);
  ASSERT_TRUE(received.ok() && received->has_value());
  EXPECT_EQ((*received)->kind, FrameKind::kDrop);
  EXPECT_FALSE(ours_->Receive(100, 0).value().has_value());
  theirs_.Close();  // in the middle of a header
  EXPECT_EQ(ours_->Receive(100, 0).status().code(), absl::StatusCode::kUnavailable);
}

TEST_F(FrameSocketTest, TakesNothingLargerThanItMay) {
  Say(std::string("\0\0\0\5\x10", 5));
  EXPECT_THAT(std::string(ours_->Receive(4, 0).status().message()),
              HasSubstr("a frame of 5 bytes where at most 4 may come"));
}

TEST_F(FrameSocketTest, HearsThatTheOtherEndIsClosed) {
  Say(
      std::string("\0\0\0\5\x10"
                  "abc",
                  8));
  theirs_.Close();
  EXPECT_EQ(ours_->Receive(100, 0).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ours_->Send(FrameKind::kDrop, "", 0).code(), absl::StatusCode::kUnavailable);
}

TEST_F(FrameSocketTest, GivesUpOnOneThatTakesNothing) {
  const std::string body(4 << 20, 'x');
  EXPECT_EQ(ours_->Send(FrameKind::kNodes, body, 0).code(), absl::StatusCode::kDeadlineExceeded);
}

}  // namespace
}  // namespace kaisar::kernels
