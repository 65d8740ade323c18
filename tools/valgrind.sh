#!/bin/sh
# Tests under valgrind's memory checker: sh tools/valgrind.sh [LIBRARY] [test-file.R ...]
# Without files: those that reach every part of src/ffi, in about a quarter of an hour. LIBRARY has the installed package
# (default: R's own). Fails when valgrind finds an error in a stack with this package's code; R's own are not counted.
# The engine is held to sse2, whose instructions valgrind knows all.
set -eu
cd "$(dirname "$0")/../tests/testthat"
library=${1:-}
[ $# -eq 0 ] || shift
[ $# -gt 0 ] || set -- test-bad-input.R test-metric.R test-init.R test-draws.R test-statements.R test-trace-ops.R
log=$(mktemp "${TMPDIR:-/tmp}/reparam-valgrind.XXXXXX")
script=$(mktemp "${TMPDIR:-/tmp}/reparam-valgrind.XXXXXX")
trap 'rm -f "$log" "$script"' EXIT
cat > "$script" <<'R'
library(testthat)
library(reparam)
local_edition(3)
options(reparam.isa = "sse2")
Sys.setenv(REPARAM_FUZZ_SPECS = 20)
for (file in commandArgs(TRUE)) test_file(file, package = "reparam", reporter = "check", load_package = "installed")
R
R_LIBS="$library${R_LIBS:+:$R_LIBS}" R -d "valgrind --quiet --error-limit=no --num-callers=30 --log-file=$log" --vanilla \
  --no-echo -f "$script" --args "$@" | grep -E '^\[|Failure|Error' || true
awk 'BEGIN { RS = "==[0-9]+== *\n" } /reparam\.so|\(rp_|ffi_/ { print; found = 1 } END { exit found }' "$log"
echo "valgrind: nothing found"
