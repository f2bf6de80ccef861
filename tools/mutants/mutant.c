/* See mutant.h: copied into the woven tree as src/base/mutant.c. */
#include "base/mutant.h"
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static unsigned char none[2 * LOOM_MUTANTS_MAX];
int loom_mutant_now;
unsigned char *loom_mutant_seen = none;

__attribute__((constructor)) static void open_mutants(void) {
  const char *now = getenv("LOOM_MUTANT"), *path = getenv("LOOM_MUTANT_SEEN");
  loom_mutant_now = now ? atoi(now) : 0;
  int fd = path ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;
  if (fd < 0)
    return;
  void *at = ftruncate(fd, sizeof none) == 0 ? mmap(NULL, sizeof none, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) : MAP_FAILED;
  close(fd);
  if (at != MAP_FAILED)
    loom_mutant_seen = at;
}
