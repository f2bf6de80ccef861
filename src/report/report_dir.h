/* An artifact directory of `loom compile` or `loom run`, as far as a report needs it. */
#ifndef LOOM_REPORT_DIR_H
#define LOOM_REPORT_DIR_H
#include "base/data.h"
#include "base/vec.h"
#include "tog/tog.h"

typedef struct report_ir { const char *name, *text; } report_ir;
typedef struct report_dir {
  const char *path;
  tog *t;
  data_value *summary, *plan, *parts;    /* NULL: the directory has none */
  VEC_OF(report_ir) irs;                 /* texts of the stages, in pipeline order */
} report_dir;

/* `dumps`: a directory that --dump-dir wrote, whose stages are taken; NULL: those in `path`.  LOOM_EIO: there is no such directory or a file cannot be read;
 * LOOM_EINPUT: it is no artifact of a chip, or damaged. */
LOOM_MUST_USE loom_status report_open_dir(loom_ctx *ctx, const char *path, const char *dumps, report_dir *out);
#endif
