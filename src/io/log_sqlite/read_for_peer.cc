#include "io/log_sqlite/read_for_peer.h"

#include <map>
#include <memory>
#include <utility>

#include "record/record.h"

namespace tandem::log_sqlite {
namespace {

// Keys that a record brings into being: only the claim that starts a contact names a key nobody had.
std::vector<KeyId> keys_of(std::string_view bytes) {
  const auto rec = record::decode(bytes);
  if (!rec) return {};
  const auto* contact = std::get_if<contact::Rec>(&rec->body);
  const auto* claimed = contact == nullptr ? nullptr : std::get_if<contact::Claimed>(contact);
  if (claimed == nullptr || claimed->whole.key.value().nil()) return {};
  return {claimed->whole.key};
}

void answer(Log& log, const cluster::ReadLog& read, Read got, const std::function<void(LogRead)>& done) {
  auto in = std::make_shared<LogRead>(LogRead{read, Sequence{read.after.value() + 1}, 0, {}});
  std::vector<KeyId> wanted;
  std::map<KeyId, std::size_t> where;
  for (Record& rec : got.records) {
    if (rec.sequence <= read.after) {
      if (rec.sequence == read.after) in->hash_before = cluster::record_hash(rec.bytes);
      continue;
    }
    if (read.repair && !in->records.empty()) break;
    if (in->records.empty()) in->first = rec.sequence;
    for (const KeyId key : keys_of(rec.bytes)) {
      wanted.push_back(key);
      where[key] = in->records.size();
    }
    in->records.push_back({std::move(rec.bytes), {}});
  }
  if (in->records.empty() && got.base > read.after) in->first = Sequence{got.base.value() + 1};
  if (wanted.empty()) return done(std::move(*in));
  log.read_keys(std::move(wanted), [in, where = std::move(where), done](Result<std::vector<KeyRow>> rows) {
    if (!rows) return;
    for (KeyRow& row : *rows) {
      const auto at = where.find(row.id);
      if (at == where.end()) continue;
      in->records[at->second].keys.push_back({row.id, row.wrapped.value_or(""), !row.wrapped.has_value()});
    }
    done(std::move(*in));
  });
}

}  // namespace

void read_for_peer(Log& log, const cluster::ReadLog& read, std::function<void(LogRead)> done) {
  // One record more, in front: the peer checks by its hash that both hold the same log.
  const Sequence front{read.after.value() == 0 ? 0 : read.after.value() - 1};
  const std::size_t records = read.repair ? 2 : 4096;
  const std::size_t bytes = read.bytes_max + (64U << 10);
  log.read(read.log, front, records, bytes, [&log, read, front, records, bytes, done](Result<Read> got) {
    if (!got) return;
    const bool front_deleted = got->base == read.after && front != read.after;
    if (!front_deleted) return answer(log, read, std::move(*got), done);
    // The peer has all that was deleted and needs what follows; only the hash is not to be had.
    log.read(read.log, read.after, records, bytes, [&log, read, done](Result<Read> rest) {
      if (rest) answer(log, read, std::move(*rest), done);
    });
  });
}

}  // namespace tandem::log_sqlite
