/* Which of the woven mutants is on, and which a run came by.  Copied into the woven tree as src/base/mutant.h; no part of Loom includes it. */
#ifndef LOOM_MUTANT_H
#define LOOM_MUTANT_H

enum { LOOM_MUTANTS_MAX = 8192 };

extern int loom_mutant_now;                /* the id of the environment's LOOM_MUTANT; 0: none, the program is as it was written */
extern unsigned char *loom_mutant_seen;    /* [2 id]: a run came by; [2 id + 1]: what it would have computed was another value.  Of the file LOOM_MUTANT_SEEN, shared by all processes */

static inline int loom_mutant_is(int id) {
  loom_mutant_seen[2 * id] = 1;
  return loom_mutant_now == id;
}

static inline void loom_mutant_differs(int id, int differs) {
  if (differs)
    loom_mutant_seen[2 * id + 1] = 1;
}
#endif
