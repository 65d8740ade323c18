#include "bijector.h"

#include <stddef.h>
#include <string.h>

#define RP_BIJECTOR(name) extern const rp_bijector rp_bijector_##name;
#include "bijectors.def"
#undef RP_BIJECTOR

static const rp_bijector *const bijectors[] = {
#define RP_BIJECTOR(name) &rp_bijector_##name,
#include "bijectors.def"
#undef RP_BIJECTOR
};

const rp_bijector *const *rp_bijector_all(int32_t *n) {
  *n = (int32_t) (sizeof bijectors / sizeof *bijectors);
  return bijectors;
}

const rp_bijector *rp_bijector_find(const char *name) {
  for (size_t i = 0; i < sizeof bijectors / sizeof *bijectors; i++)
    if (strcmp(bijectors[i]->name, name) == 0) return bijectors[i];
  return NULL;
}
