#!/bin/sh
# Everything that is needed, then every check: engine tests, documentation up to date, R CMD check with the R tests
# and vignettes. The last line counts: "N passed, N failed".
set -u
cd "$(dirname "$0")/.."
passed=0
failed=0
build=$(mktemp -d "${TMPDIR:-/tmp}/reparam-test.XXXXXX")
trap 'rm -rf "$build"' EXIT

report() { # name status log
  if [ "$2" -eq 0 ]; then passed=$((passed + 1)); echo "ok: $1"
  else failed=$((failed + 1)); echo "FAILED: $1"; [ -z "${3:-}" ] || grep -vE '^(gcc|clang|cc) ' "$3" | tail -n 60; fi
}
# Adds the counts of a log whose last line of that form is "...: N passed, N failed".
count() {
  line=$(grep -E '[0-9]+ passed, [0-9]+ failed' "$1" | tail -n 1)
  passed=$((passed + $(echo "$line" | sed 's/.*[^0-9]\([0-9][0-9]*\) passed.*/\1/')))
  failed=$((failed + $(echo "$line" | sed 's/.* \([0-9][0-9]*\) failed.*/\1/')))
}

if ! sh tools/setup.sh test > "$build/setup.log" 2>&1; then report "what the tests need" 1 "$build/setup.log"; fi

echo "== engine"
sh tools/ctest.sh > "$build/engine.log" 2>&1
status=$?
tail -n 40 "$build/engine.log"
if grep -qE '[0-9]+ passed, [0-9]+ failed' "$build/engine.log"; then count "$build/engine.log"; fi
if [ "$status" -ne 0 ] && ! grep -qE ', [1-9][0-9]* failed' "$build/engine.log"; then
  report "the engine compiles and runs" 1
fi

echo "== package"
sh tools/copy.sh "$build/reparam"
mkdir -p "$build/library"
export R_LIBS="$build/library${R_LIBS:+:$R_LIBS}"
sh tools/install.sh "$build/library" --no-docs > "$build/install.log" 2>&1
report "the package installs" $? "$build/install.log"

(cd "$build/reparam" && Rscript -e 'roxygen2::roxygenise(load_code = "installed")') > "$build/roxygen.log" 2>&1
status=$?
for part in NAMESPACE man; do diff -r -q "$part" "$build/reparam/$part" >> "$build/roxygen.log" 2>&1 || status=1; done
report "NAMESPACE and man are what roxygen2 writes" "$status" "$build/roxygen.log"

diff src/Makevars "$build/reparam/src/Makevars" > "$build/makevars.log" 2>&1
report "src/Makevars lists the C files that exist" $? "$build/makevars.log"

cores=$(nproc 2> /dev/null || echo 2)
rm -rf "$build/reparam"
sh tools/copy.sh "$build/reparam"
# No network: what CRAN asks of a new submission is not checked.
export _R_CHECK_FORCE_SUGGESTS_=false _R_CHECK_CRAN_INCOMING_=false
(cd "$build" && env MAKEFLAGS="-j$cores" R CMD build reparam) > "$build/build.log" 2>&1
report "R CMD build, with the vignettes" $? "$build/build.log"

echo "== R tests"
sh tools/rtest.sh "$build/library" > "$build/r.log" 2>&1
status=$?
cat "$build/r.log"
if grep -qE '[0-9]+ passed, [0-9]+ failed' "$build/r.log"; then count "$build/r.log"
else report "the R tests run" "$status"; fi

echo "== R CMD check"
package=$(ls "$build"/reparam_*.tar.gz 2> /dev/null | head -n 1)
if [ -n "$package" ]; then
  # The tests have run above, and their counts with them.
  (cd "$build" && env MAKEFLAGS="-j$cores" R CMD check --as-cran --no-manual --no-tests "$package") \
    > "$build/check.log" 2>&1
  # What was not OK, with its explanation.
  awk '/^\* /{shown = /(NOTE|WARNING|ERROR)$/} shown || /^Status/' "$build/check.log"
  grep -q '^Status' "$build/check.log" && ! grep -qE '(WARNING|ERROR)$' "$build/check.log"
  report "R CMD check: no error, no warning" $?
fi

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
