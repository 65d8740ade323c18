#!/bin/sh
# Times the engine without R: sh tools/bench-engine.sh [model ...]. INSTRUCTIONS=1 also counts instructions per
# evaluation under callgrind (AVX2, one lane); PRINT=1 lists the programs instead.
set -eu
cd "$(dirname "$0")/.."
build=$(mktemp -d "${TMPDIR:-/tmp}/reparam-bench.XXXXXX")
trap 'rm -rf "$build"' EXIT
flags="-std=gnu11 ${OPT:--O2} -g -pthread"
find src/core src/graph src/exec -name '*.c' | LC_ALL=C sort | tr '\n' '\0' |
  xargs -0 -P "$(nproc 2>/dev/null || echo 2)" -I '{}' sh -c '
    $3 $4 -c "$2" -o "$1/$(echo "$2" | tr / _).o"' sh "$build" '{}' "${CC:-cc}" "$flags"
${CC:-cc} $flags tests/engine/bench_engine.c "$build"/*.o -o "$build/bench" -llapack -lblas -lm
if [ -n "${PRINT:-}" ]; then
  REPARAM_BENCH=print "$build/bench" "$@"
  exit
fi
"$build/bench" "$@"
if [ -n "${INSTRUCTIONS:-}" ]; then
  for model in ${*:-normals catalyst schools logistic hierarchical negbin sir}; do
    REPARAM_BENCH=once valgrind --tool=callgrind --callgrind-out-file="$build/out" "$build/bench" "$model" \
      > /dev/null 2>&1
    callgrind_annotate --inclusive=yes --threshold=100 "$build/out" |
      awk -v model="$model" '/rp_program_run/ { print model ": " $1 " instructions"; exit }'
  done
fi
