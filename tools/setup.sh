#!/bin/sh
# Installs what is missing on a Debian or Ubuntu machine: sh tools/setup.sh [demo|test]
#   demo: R, a C compiler, ggplot2            test: also what the tests, the checks and the vignettes need
# Debian's own r-cran-* packages are taken where there are any, else CRAN's. Nothing is installed that is there already.
set -eu
what=${1:-demo}

missing_command() { ! command -v "$1" > /dev/null 2>&1; }

root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; elif command -v sudo > /dev/null 2>&1; then sudo "$@"
  else echo "setup.sh: root or sudo is needed to install packages: $*" >&2; exit 1; fi
}

updated=no
apt_install() {
  if missing_command apt-get; then echo "setup.sh: please install these first: $*" >&2; exit 1; fi
  if [ "$updated" = no ]; then root apt-get update -q > /dev/null; updated=yes; fi
  echo "setup.sh: installing $*"
  root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@" > /dev/null
}

# R with its headers, a C compiler and make, and the libraries that R says it links packages with (LAPACK and BLAS).
needed=""
missing_command Rscript && needed="$needed r-base-core"
{ missing_command cc || missing_command make; } && needed="$needed build-essential"
links() {
  printf 'int main(void) { return 0; }\n' > "$1/t.c"
  cc "$1/t.c" -o "$1/t" -llapack -lblas -lgfortran -lm 2> /dev/null
}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
if [ -n "$needed" ] || ! links "$scratch" || [ ! -e "$(R RHOME 2> /dev/null)/etc/Makeconf" ]; then
  needed="$needed r-base-dev"
fi
[ -z "$needed" ] || apt_install $needed

packages="ggplot2"
if [ "$what" = test ]; then
  packages="$packages testthat withr posterior bayesplot loo rstantools knitr rmarkdown roxygen2 pkgload"
  missing_command pandoc && apt_install pandoc
fi
absent() {
  Rscript -e 'p <- commandArgs(TRUE); cat(p[!vapply(p, requireNamespace, NA, quietly = TRUE)])' "$@" 2> /dev/null
}
lacking=$(absent $packages)
if [ -n "$lacking" ] && ! missing_command apt-get; then
  [ "$updated" = yes ] || { root apt-get update -q > /dev/null; updated=yes; }
  debian=""
  for package in $lacking; do
    name="r-cran-$(echo "$package" | tr 'A-Z' 'a-z')"
    if apt-cache show "$name" > /dev/null 2>&1; then debian="$debian $name"; fi
  done
  [ -z "$debian" ] || apt_install $debian
  lacking=$(absent $packages)
fi
if [ -n "$lacking" ]; then
  echo "setup.sh: installing from CRAN: $lacking"
  library=$(Rscript -e '
    paths <- .libPaths()
    writable <- paths[file.access(paths, 2) == 0]
    cat(if (length(writable)) writable[1] else path.expand(Sys.getenv("R_LIBS_USER")))')
  mkdir -p "$library"
  Rscript -e 'p <- commandArgs(TRUE); install.packages(p[-1], lib = p[1], quiet = TRUE)' \
    "$library" $lacking
  lacking=$(absent $packages)
  if [ -n "$lacking" ]; then echo "setup.sh: could not install: $lacking" >&2; exit 1; fi
fi
