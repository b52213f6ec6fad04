// Goal: no bytes from a peer break a node: neither the decoder nor what follows from frames in any order.
// Method: what decodes comes back equal after encoding; and the input, cut into frames, is fed to a Cluster that has a
// log of its own, a foreign one and two peers. A broken invariant stops the process.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "cluster/cluster.h"

using namespace tandem;
using namespace tandem::cluster;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view in(reinterpret_cast<const char*>(data), size);
  if (const auto frame = decode_frame(in)) {
    const auto again = decode_frame(encode_frame(*frame));
    if (!again || !(*again == *frame)) std::abort();
  }

  ClusterOptions options;
  options.replication.self = NodeId{1};
  options.replication.incarnation = Incarnation{9};
  options.replication.window_bytes = 4096;
  options.replication.batch_bytes = 512;
  options.replication.tail_bytes = 2048;
  options.replication.logs_max = 64;
  Now now{Mono{1s}, Hlc::at(1)};
  const LogId foreign{NodeId{2}, Incarnation{1}};
  Cluster cluster(options, {{foreign, {Sequence{3}, 7}}}, now);
  cluster.set_members(1, {{NodeId{1}, true}, {NodeId{2}, true}, {NodeId{3}, false}}, now);
  Outputs out;
  cluster.link_up(NodeId{2}, now, out);
  cluster.link_up(NodeId{3}, now, out);
  for (std::uint64_t i = 1; i <= 8; ++i) cluster.own_appended(Sequence{i}, {std::string(300, 'r'), {}});
  cluster.own_durable(Sequence{6}, now, out);
  // One byte says who sends and how the clock moves, one how long the frame is; then the frame.
  while (in.size() >= 2) {
    const auto how = static_cast<std::uint8_t>(in[0]);
    const auto length = std::min<std::size_t>(static_cast<std::uint8_t>(in[1]), in.size() - 2);
    now.mono = now.mono + std::chrono::milliseconds{how / 2};
    out = {};
    cluster.tick(now, out);
    cluster.frame(NodeId{static_cast<std::uint16_t>(2 + how % 2)}, in.substr(2, length), now, out);
    for (const ReadLog& read : Outputs{out}.reads) {
      cluster.log_read(read, Sequence{read.after.value() + 1}, 0, {{"from disk", {}}}, now, out);
    }
    if (how % 8 == 3) {
      Vector stored;
      for (const auto& [log, sequence] : cluster.replication().seen()) {
        if (log.origin != NodeId{1} || log.incarnation != Incarnation{9}) stored[log] = sequence;
      }
      cluster.foreign_durable(stored, now, out);
    }
    in.remove_prefix(2 + length);
  }
  return 0;
}
