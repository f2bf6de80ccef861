/* Which program this is, to the byte: it and all libraries it has loaded. */
#ifndef LOOM_RUN_RUN_BUILD_H
#define LOOM_RUN_RUN_BUILD_H
#include "base/arena.h"
/* One word for each of them in the order of loading: the build id that its linker wrote, else its size and its time.  Owned by `m`. */
const char *run_build_id(arena *m);
/* The build id in the file of a program or library, of 64 bits; "" when it has none, or cannot be read. */
const char *run_build_id_of(arena *m, const char *path);
#endif
