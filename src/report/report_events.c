#include "report/report_events.h"
#include "base/data.h"
#include "base/text.h"
#include <stdarg.h>

void report_put(report_events *e, const char *fmt, ...) {
  arena_mark mark = arena_save(&e->ctx->scratch);
  text line = text_new(&e->ctx->scratch);
  va_list ap;
  va_start(ap, fmt);
  text_vaddf(&line, fmt, ap);
  va_end(ap);
  file_writer_add(e->w, text_str(&line), line.size);
  arena_release(&e->ctx->scratch, mark);
}

const char *report_quoted(report_events *e, const char *s) { return data_write_json(&e->ctx->scratch, data_string(&e->ctx->scratch, s), 0); }

void report_begin_file(report_events *e, const char *kernel, const char *chip, int64_t cycles) {
  report_put(e, "{\"displayTimeUnit\":\"ns\",\"otherData\":{\"schema\":\"loom.trace.v1\",\"kernel\":%s,\"machine\":%s,\"cycles\":%" PRId64 ",\"time\":\"1 us is 1 cycle\"",
             report_quoted(e, kernel), report_quoted(e, chip), cycles);
}

void report_begin_list(report_events *e) { report_put(e, "},\n\"traceEvents\":["); }
void report_end_list(report_events *e) { report_put(e, "\n]}\n"); }

void report_begin_event(report_events *e, char ph, int pid, int tid) {
  report_put(e, "%s\n{\"ph\":\"%c\",\"pid\":%d,\"tid\":%d", e->has_events ? "," : "", ph, pid, tid);
  e->has_events = true;
}

static void put_name(report_events *e, const char *kind, int pid, int tid, const char *name, int sort) {
  report_begin_event(e, 'M', pid, tid);
  report_put(e, ",\"name\":\"%s_name\",\"args\":{\"name\":%s}}", kind, report_quoted(e, name));
  report_begin_event(e, 'M', pid, tid);
  report_put(e, ",\"name\":\"%s_sort_index\",\"args\":{\"sort_index\":%d}}", kind, sort);
}

void report_name_process(report_events *e, int pid, const char *name, int sort) { put_name(e, "process", pid, 0, name, sort); }
void report_name_thread(report_events *e, int pid, int tid, const char *name, int sort) { put_name(e, "thread", pid, tid, name, sort); }

void report_put_busy(report_events *e, int pid, const char *name, const bins *b, int series, int64_t end, double cycles) {
  int64_t last = -1;
  const char *json = report_quoted(e, arena_printf(&e->ctx->scratch, "%s busy %%", name));
  for (int i = 0; i <= b->n_bins && i * b->width < end + b->width; i++) {
    int64_t from = i * b->width, width = from + b->width < end ? b->width : end - from;
    int64_t permille = i < b->n_bins && width > 0 ? (bins_get(b, series, i) * 1000 + width / 2) / width : 0;
    if (permille == last)
      continue;
    last = permille;
    report_begin_event(e, 'C', pid, 0);
    report_put(e, ",\"ts\":%.15g,\"name\":%s,\"args\":{\"busy\":%" PRId64 ".%" PRId64 "}}", (double)(from < end ? from : end) * cycles, json, permille / 10, permille % 10);
  }
}
