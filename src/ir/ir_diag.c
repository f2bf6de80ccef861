/* MLIR's diagnostics become Loom's: severity, place in a known source, notes. */
#include "ir/ir_private.h"
#include <stdarg.h>
#include <string.h>

enum { NOTE_BYTES_MAX = 300 };   /* "see current operation" notes print whole functions */

bool ir_is_unnamed(MlirLocation loc) {
  if (!mlirLocationIsAFileLineColRange(loc))
    return false;
  MlirStringRef file = mlirIdentifierStr(mlirLocationFileLineColRangeGetFilename(loc));
  return file.length == 0 || (file.length == 1 && file.data[0] == '-');
}

/* The newest source of that name; a name nobody registered becomes a source without text. */
static const diag_source *find_source(ir_ctx *ir, MlirLocation loc) {
  if (ir->source && ir_is_unnamed(loc))
    return ir->source;
  MlirStringRef file = mlirIdentifierStr(mlirLocationFileLineColRangeGetFilename(loc));
  for (const diag_source *s = ir->ctx->diag.sources; s; s = s->next)
    if (strlen(s->path) == file.length && memcmp(s->path, file.data, file.length) == 0)
      return s;
  return diag_add_source(ir->ctx, arena_strndup(&ir->ctx->mem, file.data, file.length), NULL, 0);
}

static loom_span file_span(ir_ctx *ir, MlirLocation loc) {
  loom_span span = {.source = find_source(ir, loc),
                    .line = mlirLocationFileLineColRangeGetStartLine(loc),
                    .col = mlirLocationFileLineColRangeGetStartColumn(loc),
                    .end_line = mlirLocationFileLineColRangeGetEndLine(loc),
                    .end_col = mlirLocationFileLineColRangeGetEndColumn(loc)};
  if (span.end_line == span.line && span.end_col <= span.col)
    span.end_col = span.col + 1;
  return span;
}

/* The first file place in a location: passes wrap places in names, call sites and fusions. */
static loom_span find_span(ir_ctx *ir, MlirLocation loc, int depth) {
  if (mlirLocationIsNull(loc) || depth > 16)
    return LOOM_NOSPAN;
  if (mlirLocationIsAFileLineColRange(loc))
    return file_span(ir, loc);
  if (mlirLocationIsAName(loc))
    return find_span(ir, mlirLocationNameGetChildLoc(loc), depth + 1);
  if (mlirLocationIsACallSite(loc)) {
    loom_span s = find_span(ir, mlirLocationCallSiteGetCallee(loc), depth + 1);
    return s.source ? s : find_span(ir, mlirLocationCallSiteGetCaller(loc), depth + 1);
  }
  if (mlirLocationIsAFused(loc)) {
    unsigned n = mlirLocationFusedGetNumLocations(loc);
    MlirLocation *parts = ARENA_NEW_N(&ir->ctx->mem, MlirLocation, n);
    mlirLocationFusedGetLocations(loc, parts);
    for (unsigned i = 0; i < n; i++) {
      loom_span s = find_span(ir, parts[i], depth + 1);
      if (s.source)
        return s;
    }
  }
  return LOOM_NOSPAN;
}

loom_span ir_location_span(ir_ctx *ir, MlirLocation loc) { return find_span(ir, loc, 0); }

static const char *message(ir_ctx *ir, MlirDiagnostic d, size_t bytes_max) {
  ir_sink sink = ir_sink_new(&ir->ctx->mem);
  mlirDiagnosticPrint(d, ir_sink_add, &sink);
  const char *s = ir_sink_text(&sink);
  size_t line = strcspn(s, "\n");
  if (bytes_max && (s[line] || line > bytes_max))
    return arena_printf(&ir->ctx->mem, "%.*s ...", (int)(line > bytes_max ? bytes_max : line), s);
  return s;
}

static void record(ir_ctx *ir, MlirDiagnostic d) {
  loom_span span = ir_location_span(ir, mlirDiagnosticGetLocation(d));
  switch (mlirDiagnosticGetSeverity(d)) {
  case MlirDiagnosticError: diag_error(ir->ctx, span, ir->blame, "%s", message(ir, d, 0)); break;
  case MlirDiagnosticWarning: diag_warn(ir->ctx, span, "%s", message(ir, d, 0)); break;
  case MlirDiagnosticNote:
  case MlirDiagnosticRemark: diag_note(ir->ctx, span, "%s", message(ir, d, NOTE_BYTES_MAX)); break;
  }
  for (intptr_t i = 0; i < mlirDiagnosticGetNumNotes(d); i++) {
    MlirDiagnostic note = mlirDiagnosticGetNote(d, i);
    diag_note(ir->ctx, ir_location_span(ir, mlirDiagnosticGetLocation(note)), "%s", message(ir, note, NOTE_BYTES_MAX));
  }
}

/* MLIR's frames are below this one, so the arenas are guarded here instead of unwinding through them. */
MlirLogicalResult ir_handle_diagnostic(MlirDiagnostic d, void *data) {
  ir_ctx *ir = data;
  if (ir->quiet)
    return mlirLogicalResultSuccess();
  jmp_buf guard;
  jmp_buf *outer = ir->ctx->mem.guard;
  if (setjmp(guard) == 0) {
    ir->ctx->mem.guard = &guard;
    record(ir, d);
  } else {
    ir->out_of_memory = true;
  }
  ir->ctx->mem.guard = outer;
  return mlirLogicalResultSuccess();
}

static _Noreturn void raise_out_of_memory(arena *mem) {
  arena_alloc(mem, SIZE_MAX);   /* never fits: unwinds to the guard of the compile */
  __builtin_unreachable();
}

void ir_settle(ir_ctx *ir) {
  if (!ir->out_of_memory)
    return;
  ir->out_of_memory = false;
  raise_out_of_memory(&ir->ctx->mem);
}

loom_status ir_bug(ir_ctx *ir, const char *fmt, ...) {
  va_list ap;
  va_start(ap, fmt);
  text t = text_new(&ir->ctx->mem);
  text_vaddf(&t, fmt, ap);
  va_end(ap);
  if (ir->quiet)
    return LOOM_EBUG;
  return diag_error(ir->ctx, LOOM_NOSPAN, LOOM_EBUG, "%s", text_str(&t));
}

ir_sink ir_sink_new(arena *mem) { return (ir_sink){.out = text_new(mem)}; }

void ir_sink_add(MlirStringRef s, void *data) {
  ir_sink *sink = data;
  if (sink->out_of_memory)
    return;
  arena *mem = sink->out.mem;
  jmp_buf guard;
  jmp_buf *outer = mem->guard;
  if (setjmp(guard) == 0) {
    mem->guard = &guard;
    text_add_bytes(&sink->out, s.data, s.length);
  } else {
    sink->out_of_memory = true;
  }
  mem->guard = outer;
}

const char *ir_sink_text(ir_sink *sink) {
  if (sink->out_of_memory)
    raise_out_of_memory(sink->out.mem);
  return text_str(&sink->out);
}
