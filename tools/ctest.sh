#!/bin/sh
# Compiles the engine without R and runs its test programs: sh tools/ctest.sh [part ...]
# SANITIZE=address,undefined or SANITIZE=thread builds with clang's sanitizers; CC and OPT override compiler and level.
set -eu
cd "$(dirname "$0")/.."
build=$(mktemp -d "${TMPDIR:-/tmp}/reparam-ctest.XXXXXX")
trap 'rm -rf "$build"' EXIT
flags="-std=gnu11 ${OPT:--O2} -g -Wall -Wextra -Wpedantic -Wconversion -Wno-psabi -Werror -pthread"
if [ -n "${SANITIZE:-}" ]; then
  CC=${CC:-clang}
  flags="$flags -fsanitize=$SANITIZE -fno-sanitize-recover=all"
  # gcc's flow analysis sees impossible sizes in instrumented code.
  case $CC in *gcc*) flags="$flags -Wno-stringop-overflow" ;; esac
fi
CC=${CC:-cc}
find src -name '*.c' ! -path 'src/ffi/*' ! -name init.c | LC_ALL=C sort > "$build/sources"
tr '\n' '\0' < "$build/sources" | xargs -0 -P "$(nproc 2>/dev/null || echo 2)" -I '{}' sh -c '
  object="$1/$(echo "$2" | tr / _).o"; $3 $4 -c "$2" -o "$object"' sh "$build" '{}' "$CC" "$flags"
passed=0
failed=0
for test in tests/engine/test_*.c; do
  part=$(basename "$test" .c | sed 's/^test_//')
  [ $# -eq 0 ] || case " $* " in *" $part "*) ;; *) continue ;; esac
  if $CC $flags "$test" "$build"/*.o -o "$build/$part" -llapack -lblas -lm && "$build/$part" > "$build/$part.log" 2>&1; then :; else
    failed=$((failed + 1))
    echo "$part: the program failed"
  fi
  cat "$build/$part.log" 2>/dev/null || true
  line=$(sed -n 's/^.*: \([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p' "$build/$part.log" 2>/dev/null | tail -n 1)
  line=${line:-0 0}
  passed=$((passed + ${line%% *}))
done
echo "engine: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
