/* Plans that stand in for a search: from a file, or from the tuning database.  Each fills s->table, s->solved and s->plan as a search would have. */
#ifndef LOOM_COMPILE_REPLAY_H
#define LOOM_COMPILE_REPLAY_H
#include "compile.h"

/* s->o->plan.  LOOM_EINPUT, LOOM_EINFEASIBLE: it is of another kernel, or does not fit the machine. */
LOOM_MUST_USE loom_status compile_replay_file(compile_state *s);
/* Before a search: s->is_tuned, and nothing is left to search; not with --tune.  A plan that no longer is what was recorded is ignored, with a note. */
LOOM_MUST_USE loom_status compile_look_for_tuned(compile_state *s);
/* After one that was made all the same: the database may have a better plan. */
LOOM_MUST_USE loom_status compile_prefer_tuned(compile_state *s);
#endif
