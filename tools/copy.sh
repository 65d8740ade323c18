#!/bin/sh
# Copies the sources of the package, as they stand in the tree, to a new directory, with src/Makevars up to date:
# sh tools/copy.sh directory
set -eu
mkdir -p "$1"
target=$(cd "$1" && pwd)
cd "$(dirname "$0")/.."
parts="DESCRIPTION NAMESPACE LICENSE NEWS.md README.md CONTRIBUTING.md .Rbuildignore"
for part in $parts R man src tests inst vignettes tools; do
  [ ! -e "$part" ] || cp -R "$part" "$target/"
done
find "$target/src" \( -name '*.o' -o -name '*.so' -o -name '*.dll' \) -exec rm -f {} +
(cd "$target" && sh tools/objects.sh)
