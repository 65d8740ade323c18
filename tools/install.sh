#!/bin/sh
# Installs the package into a library without leaving object files in the tree: sh tools/install.sh library [R CMD
# INSTALL options]
set -eu
library=$1
shift
cd "$(dirname "$0")/.."
build=$(mktemp -d "${TMPDIR:-/tmp}/reparam-install.XXXXXX")
trap 'rm -rf "$build"' EXIT
sh tools/copy.sh "$build/reparam"
cores=$(nproc 2> /dev/null || echo 2)
if ! env MAKEFLAGS="-j$cores" R CMD INSTALL --no-test-load "$@" --library="$library" "$build/reparam" \
  > "$build/log" 2>&1; then
  grep -vE '^(gcc|clang|cc) ' "$build/log" >&2
  exit 1
fi
echo "installed reparam into $library"
