/* The text of each stage's result and the dump points built on it. */
#ifndef LOOM_COMPILE_STAGE_H
#define LOOM_COMPILE_STAGE_H
#include "compile.h"
/* What --emit prints, --dump-dir writes and --override-dir reads back; NULL when the stage has no result (MLIR input has no kernel). */
const char *compile_stage_text(compile_state *s, compile_stage stage);
const char *compile_stage_name(compile_stage stage);
char *compile_stage_file(arena *m, compile_stage stage);      /* "002_canonical.mlir" */
/* loom.explore.v1: the candidate table, with costs when it was solved. */
data_value *compile_explore_data(compile_state *s);
#endif
