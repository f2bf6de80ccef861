/* Plans from the tuning database, and for it (tuning/tuning.h; docs/tuning.md). */
#ifndef LOOM_COMPILE_TUNING_H
#define LOOM_COMPILE_TUNING_H
#include "compile.h"

/* Of s->kernel on s->machine: s->tuned, with the names of this kernel, unless it is there already; NULL: none is recorded, or the options leave nothing to the database. */
LOOM_MUST_USE loom_status compile_tuning_find(compile_state *s);
/* What was found there does not hold: a note, and the next plan is recorded in its place. */
void compile_forget_tuned(compile_state *s, const char *why);
/* Records s->plan, if a search found it and the database has none as good; `s` says whether.  Nothing without s->o->tuning. */
LOOM_MUST_USE loom_status compile_tuning_record(compile_state *s);
#endif
