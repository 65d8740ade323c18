#!/bin/sh
# The catalyst example, from nothing: installs R and a compiler through apt where they are missing, installs the
# package into a library of its own, fits, prints the tables and writes the plots: sh tools/demo.sh [output directory]
set -eu
cd "$(dirname "$0")/.."
output=${1:-demo-output}
sh tools/setup.sh demo
mkdir -p "$output/library"
output=$(cd "$output" && pwd)
sh tools/install.sh "$output/library"
R_LIBS="$output/library${R_LIBS:+:$R_LIBS}" Rscript tools/demo.R "$output"
