/* run_limits: what a process may use of the system before it is ended. */
#ifndef LOOM_RUN_LIMITS_H
#define LOOM_RUN_LIMITS_H
#include "base/diag.h"

/* X(field, unit, least, most, what it is of).  0: no limit. */
#define RUN_LIMIT_LIST(X)                                                    \
  X(memory, "MiB", 256, INT64_C(1) << 34, "address space of each process")   \
  X(cpu, "s", 1, 100000000, "processor time of each process")                \
  X(deadline, "s", 1, 100000000, "time of the whole command")                \
  X(files, "files", 32, 1 << 20, "open files of each process")               \
  X(file, "MiB", 1, INT64_C(1) << 34, "size of each file that is written")

typedef struct run_limits {
#define X(f, unit, least, most, what) int64_t f;
  RUN_LIMIT_LIST(X)
#undef X
} run_limits;

/* Memory: what the machine has, at least 4096 MiB (none in builds with a sanitizer, whose shadow is larger); cpu 14400 s; no deadline; 1024 files; files of 65536 MiB. */
run_limits run_limits_default(void);
/* `said`, "memory=4096,cpu=60", over *io; `said_by` ("--limits", "LOOM_LIMITS") is named in messages.  LOOM_EUSAGE. */
LOOM_MUST_USE loom_status run_limits_parse(loom_ctx *ctx, const char *said_by, const char *said, run_limits *io);
/* For this process and what it starts, for good: limits can be lowered and not raised; also no core files.  What the system does not let be set stays. */
void run_limits_set(const run_limits *l);
#endif
