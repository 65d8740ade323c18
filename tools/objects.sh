#!/bin/sh
# Rewrites the explicit OBJECTS list of src/Makevars from the C files that exist (no GNU make features in Makevars).
set -eu
cd "$(dirname "$0")/../src"
{
  echo 'PKG_CFLAGS = $(C_VISIBILITY) -pthread'
  echo 'PKG_LIBS = $(LAPACK_LIBS) $(BLAS_LIBS) $(FLIBS) -pthread'
  printf 'OBJECTS ='
  find . -name '*.c' | sed 's|^\./||; s|\.c$|.o|' | LC_ALL=C sort | while read -r object; do
    printf ' \\\n  %s' "$object"
  done
  printf '\n'
} > Makevars
