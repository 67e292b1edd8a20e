#!/usr/bin/env bash
# Three processes import real records; one is killed in mid-import; what was acknowledged is compared with an export. Needs bash, curl and the SDK.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
port=${1:-11111} http=${2:-5001}
dotnet build samples/KeyValueStore --nologo -v q -clp:NoSummary
program=samples/KeyValueStore/bin/Debug/net10.0/KeyValueStore.dll
records=samples/data/debian-packages.tsv
work=$(mktemp -d)
list=n1=127.0.0.1:$port,n2=127.0.0.1:$((port + 1)),n3=127.0.0.1:$((port + 2))
pids=()
trap 'kill -9 "${pids[@]}" 2>/dev/null; rm -rf "$work"' EXIT
for n in 1 2 3; do
  dotnet $program --node n$n --cluster "$list" --urls "http://127.0.0.1:$((http + n - 1))" --data "$work/data" >"$work/n$n.log" 2>&1 &
  pids+=($!)
  disown
done
for n in 1 2 3; do
  until curl -sf -o /dev/null "http://127.0.0.1:$((http + n - 1))/health/ready"; do sleep 0.2; done
done
echo "three processes are ready; importing $(wc -l <$records) records of $records through n1"
curl -sN --data-binary @$records "http://127.0.0.1:$http/import" >"$work/answers" &
import=$!
until [ "$(wc -l <"$work/answers")" -ge 2500 ]; do sleep 0.05; done
kill -9 "${pids[1]}"
echo "kill -9 of n2 after $(wc -l <"$work/answers") records were acknowledged"
wait $import
echo "n1 says: $(grep -aP '^\t' "$work/answers" | tail -n 1 | tr -d '\t')"
curl -s "http://127.0.0.1:$((http + 2))/export" >"$work/export"
grep -avP '^\t' "$work/answers" | LC_ALL=C sort >"$work/acknowledged"
LC_ALL=C join -t $'\t' "$work/acknowledged" <(LC_ALL=C sort -t $'\t' -k1,1 $records) | LC_ALL=C sort >"$work/expected"
echo "acknowledged: $(wc -l <"$work/acknowledged"); exported through n3: $(wc -l <"$work/export")"
echo "acknowledged records whose key and value are not in the export: $(LC_ALL=C comm -23 "$work/expected" <(LC_ALL=C sort "$work/export") | wc -l)"
