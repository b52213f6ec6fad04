#!/usr/bin/env bash
# How soon nodes are there: the second `tandem up` of the sample centre, and the restart of a node that was killed and
# whose log holds over a million records, while the other nodes run and hold the same. Each is measured three times, and the
# median counts. Ready is what `tandem up` waits for: /readyz of each node.
#
# The log ends just before the next snapshot is due, so as much of it as can be is read again.
#
# usage: script/bench start [RECORDS]
set -euo pipefail
cd "$(dirname "$0")/.."
bin=${TANDEM_BIN:-$PWD/build/release/bin}
records=${1:-1190000}
rounds=3

# Not under /tmp, which may be memory.
mkdir -p build
home=$(mktemp -d build/start-bench.XXXXXX)
home=$PWD/$home
ours() { "$bin/tandem" "$@" --dir "$home/$centre"; }
centre=sample
finish() {
  for centre in sample million; do
    if [ -e "$home/$centre/centre.yaml" ]; then ours down --kill >/dev/null || true; fi
  done
  rm -rf "$home"
}
trap finish EXIT

ready_ms() { sed -nE 's/.*"ready_ms":([0-9]+).*/\1/p'; }
median() { sort -n | sed -n "$((rounds / 2 + 1))p"; }
budget() {  # budget NAME MILLISECONDS LIMIT_SECONDS
  awk -v name="$1" -v ms="$2" -v limit="$3" 'BEGIN {
    printf "budget %s %.2f %.2f s %s\n", name, ms / 1000, limit, ms <= limit * 1000 ? "ok" : "short" }'
}

ours up --detach >/dev/null 2>"$home/said" || { cat "$home/said" >&2; exit 1; }
for ((round = 0; round < rounds; ++round)); do
  ours down >/dev/null
  ours up --detach --json | ready_ms
done >"$home/second_up"
ours down >/dev/null
echo "second up: $(paste -sd' ' "$home/second_up") ms"

centre=million
ours up --detach --no-sample >/dev/null 2>"$home/said" || { cat "$home/said" >&2; exit 1; }
ours down >/dev/null
holders=() origin=
for data in "$home"/million/nodes/*/data; do
  node=$(sed -nE 's/^node: ([0-9]+).*/\1/p' "$(dirname "$data")/settings.yaml")
  [ "$(basename "$(dirname "$data")")" != us-east-1 ] || origin=$node
  rm -rf "$data"
  holders+=("$node=$data")
done
"$bin/start" make-log "$records" "$origin" "$home/million/centre.key" "${holders[@]}"
ours up --detach --no-sample >/dev/null 2>"$home/said" || { cat "$home/said" >&2; exit 1; }
for ((round = 0; round < rounds; ++round)); do
  sleep 1
  ours down --only us-east-1 --kill >/dev/null
  ours up --detach --no-sample --json --only us-east-1 | ready_ms
done >"$home/restart"
echo "restart with $records records: $(paste -sd' ' "$home/restart") ms"
grep -h 'rebuilt the world' "$home/million/logs/us-east-1.log" | tail -n "$rounds"

budget second_up "$(median <"$home/second_up")" 5
budget restart_with_a_million_records "$(median <"$home/restart")" 3
