/* Patterns of a file, in the pdl dialect, applied until none matches. */
#include "base/file.h"
#include "pass/pass_private.h"

loom_status pass_apply_pattern_file(ir_ctx *ir, MlirOperation op, const char *path) {
  char *bytes;
  size_t size;
  LOOM_TRY(file_read(ir->ctx, path, MLIR_TEXT_BYTES_MAX, &bytes, &size));
  return ir_apply_patterns(ir, op, path, bytes, size);
}

loom_status pass_apply_patterns(ir_ctx *ir, MlirOperation op, const pass_options *o) {
  static const char key[] = "file=";
  if (text_starts(o->text, key) && o->text[strlen(key)])
    return pass_apply_pattern_file(ir, op, o->text + strlen(key));
  diag_error(ir->ctx, o->span, LOOM_EUSAGE, "'%s' does not name a file of patterns", o->text);
  diag_help(ir->ctx, "write loom-apply-patterns{file=patterns.pdl.mlir}");
  return LOOM_EUSAGE;
}
