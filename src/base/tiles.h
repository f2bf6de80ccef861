/* tiles: the state of matrix tiles (AMX), which Linux gives to processes that ask for it. */
#ifndef LOOM_BASE_TILES_H
#define LOOM_BASE_TILES_H
#include <stdbool.h>

/* Asks for it: true from then on for all threads of the process and its children; false where the CPU has no tiles or the system refuses. */
bool tiles_may_use(void);
#endif
