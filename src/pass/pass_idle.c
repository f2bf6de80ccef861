/* Upstream's passes that leave tensors alone without a word: said before they run, with what to write. */
#include "pass/pass_private.h"

static const char FIRST[] = "one-shot-bufferize{bufferize-function-boundaries}";
typedef struct search { MlirOperation found; bool (*matches)(MlirOperation); } search;

static bool makes_tensor(MlirOperation op) {
  return text_starts(ir_op_name(op), "linalg.") && !mlirValueIsNull(ir_result(op, 0)) && mlirTypeIsATensor(mlirValueGetType(ir_result(op, 0)));
}

static bool takes_tensor(MlirOperation op) {
  MlirBlock body = ir_op_is(op, "func.func") ? ir_body(op) : (MlirBlock){NULL};
  for (intptr_t i = 0; !mlirBlockIsNull(body) && i < mlirBlockGetNumArguments(body); i++)
    if (mlirTypeIsATensor(mlirValueGetType(mlirBlockGetArgument(body, i))))
      return true;
  return false;
}

static const struct { const char *pass; bool (*stays)(MlirOperation); const char *does, *fate; } rows[] = {
    {"convert-linalg-to-loops", makes_tensor, "works on tensors", "leaves as they are"},
    {"convert-linalg-to-affine-loops", makes_tensor, "works on tensors", "leaves as they are"},
    {"convert-linalg-to-parallel-loops", makes_tensor, "works on tensors", "leaves as they are"},
    {"convert-func-to-llvm", takes_tensor, "takes tensors", "cannot make anything of"},
};

static bool look(MlirOperation op, void *data) {
  search *s = data;
  if (s->matches(op))
    s->found = op;
  return !s->found.ptr;
}

bool pass_may_idle(const char *pass) {
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    if (text_eq(rows[i].pass, pass))
      return true;
  return false;
}

void pass_warn_if_idle(ir_ctx *ir, const char *pass, MlirOperation op) {
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    search s = {.matches = rows[i].stays};
    if (!text_eq(rows[i].pass, pass) || ir_walk(op, look, &s))
      continue;
    bool is_nested = !text_eq(pass_upstream_anchor(pass), "builtin.module") && *pass_upstream_anchor(pass);
    diag_warn(ir->ctx, ir_span(ir, s.found), "%s %s, which %s %s", ir_op_name(s.found), rows[i].does, pass, rows[i].fate);
    diag_help(ir->ctx, "bufferize first: --one-shot-bufferize=bufferize-function-boundaries --%s, or --pass-pipeline='builtin.module(%s,%s%s%s)'", pass, FIRST,
              is_nested ? "func.func(" : "", pass, is_nested ? ")" : "");
    return;
  }
}
