#!/usr/bin/env bash
# Writes the public API of both packages anew into PublicAPI.Unshipped.txt (what PublicAPI.Shipped.txt has stays there).
# Read the difference line by line before you commit it: every line is a promise.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export DOTNET_NOLOGO=1
for project in Orleans.Raft Orleans.Raft.Storage; do
  baseline=src/$project/PublicAPI.Unshipped.txt
  printf '#nullable enable\n' > "$baseline"
  log=$(mktemp)
  # The analyzer itself says what is missing, in the form in which the baseline wants it. --no-incremental, because an unchanged
  # project would say nothing.
  dotnet build "src/$project" --nologo -v q --no-incremental -p:TreatWarningsAsErrors=false > "$log" 2>&1 ||
    { grep -E 'error' "$log" | sort -u | head -n 20; echo "src/$project doesn't build" >&2; exit 1; }
  sed -n "/src\/$project\//s/.*warning RS0016: Symbol '\(.*\)' is not part of the declared public API.*/\1/p" "$log" |
    LC_ALL=C sort -u >> "$baseline"
  rm -f "$log"
  echo "$baseline: $(($(wc -l < "$baseline") - 1)) members"
done
git --no-pager diff --stat -- 'src/*/PublicAPI.Unshipped.txt'
