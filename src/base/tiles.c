#include "base/tiles.h"

#if defined(__x86_64__) && defined(__linux__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

bool tiles_may_use(void) {
  enum { REQUEST = 0x1023, TILE_DATA = 18, AMX_TILE = 24 };      /* ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA; cpuid 7, edx */
  unsigned a = 0, b = 0, c = 0, d = 0;
  return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (d >> AMX_TILE & 1) && syscall(SYS_arch_prctl, REQUEST, TILE_DATA) == 0;
}
#else
bool tiles_may_use(void) { return false; }
#endif
