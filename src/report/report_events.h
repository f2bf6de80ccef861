/* Chrome's trace format: events as JSON, one a line, straight into a file. */
#ifndef LOOM_REPORT_EVENTS_H
#define LOOM_REPORT_EVENTS_H
#include "base/bins.h"
#include "base/file_writer.h"

typedef struct report_events { loom_ctx *ctx; file_writer *w; bool has_events; } report_events;

void report_put(report_events *e, const char *fmt, ...) LOOM_PRINTF(2, 3);
/* `s` as a JSON string; of ctx->scratch. */
const char *report_quoted(report_events *e, const char *s);
/* The head of the file: {"displayTimeUnit", "otherData" with schema and time, more of it by the caller; then report_begin_list. */
void report_begin_file(report_events *e, const char *kernel, const char *chip, int64_t cycles);
void report_begin_list(report_events *e);
void report_end_list(report_events *e);
/* Starts the next event: the caller goes on with ",\"ts\":..}". */
void report_begin_event(report_events *e, char ph, int pid, int tid);
/* Name and place of a process, or of a thread of it. */
void report_name_process(report_events *e, int pid, const char *name, int sort);
void report_name_thread(report_events *e, int pid, int tid, const char *name, int sort);
/* A counter "<name> busy %": each change, and 0 at the end.  `end` is in the bins' unit of time, of which one is `cycles` cycles. */
void report_put_busy(report_events *e, int pid, const char *name, const bins *b, int series, int64_t end, double cycles);
#endif
