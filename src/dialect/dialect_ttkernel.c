#include "dialect/ttkernel.h"
#include <string.h>

enum { ACTS, PURE };

static const ttkernel_op table[] = {
#define TTKERNEL(name, thread, effect, operands, result, attribute, header, call, object) \
  {name, TTKERNEL_##thread, effect, operands, result, attribute, header, call, object},
#include "dialect/ttkernel_ops.def"
#undef TTKERNEL
};

/* Letters of operands and results, and the constraints they stand for. */
static const struct { char letter; const char *constraint; } letters[] = {
    {'c', "irdl.base @ttkernel::@cb"},
    {'i', "irdl.any_of(%i1, %i32, %index, %semaphore)"},
    {'b', "irdl.is i32"},
    {'f', "irdl.is f32"},
    {'n', "irdl.base @ttkernel::@noc_addr"},
    {'p', "irdl.base @ttkernel::@l1_ptr"},
    {'a', "irdl.base @ttkernel::@accessor"},
    {'A', "irdl.base @ttkernel::@accessor_args"},
    {'*', "irdl.any_of(%cb, %i32, %index)"},
};
static const char *const types[] = {"cb", "semaphore", "l1_ptr", "noc_addr", "accessor", "accessor_args"};

const ttkernel_op *ttkernel_table(size_t *n) {
  *n = sizeof table / sizeof *table;
  return table;
}

const ttkernel_op *ttkernel_find(MlirOperation op) {
  const char *name = ir_op_name(op);
  if (!text_starts(name, "ttkernel."))
    return NULL;
  for (size_t i = 0; i < sizeof table / sizeof *table; i++)
    if (text_eq(table[i].name, name + strlen("ttkernel.")))
      return &table[i];
  return NULL;
}

bool ttkernel_is_type(MlirType t, const char *name) {
  arena mem = {0};
  bool is = text_eq(ir_print_type(&mem, t), arena_printf(&mem, "!ttkernel.%s", name));
  arena_done(&mem);
  return is;
}

/* "%o0 = .." for each operand or result: one constraint for several would ask that their types be equal.  What may be absent is one variadic list of one
 * letter, so that no op needs to say where it ends. */
static void add_list(text *out, const char *what, const char *uses) {
  text list = text_new(out->mem);
  bool is_optional = false;
  int n = 0;
  for (const char *u = uses; *u && !(is_optional && u[-1] != '?'); u++) {
    if (*u == '?') {
      is_optional = true;
      continue;
    }
    for (size_t k = 0; k < sizeof letters / sizeof *letters; k++)
      if (letters[k].letter == *u)
        text_addf(out, "    %%%c%d = %s\n", what[0], n, letters[k].constraint);
    text_addf(&list, "%s%c%d: %s%%%c%d", n ? ", " : "", what[0], n, is_optional ? "variadic " : "", what[0], n);
    n++;
  }
  text_addf(out, "    irdl.%s(%s)\n", what, text_str(&list));
}

const char *ttkernel_irdl_text(arena *mem) {
  text out = text_new(mem);
  text_add(&out, "irdl.dialect @ttkernel {\n");
  for (size_t i = 0; i < sizeof types / sizeof *types; i++)
    text_addf(&out, "  irdl.type @%s\n", types[i]);
  for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
    const ttkernel_op *op = &table[i];
    text_addf(&out, "  irdl.operation @\"%s\" {\n", op->name);
    if (strpbrk(op->operands, "i") || strpbrk(op->result, "i*"))
      text_add(&out, "    %i1 = irdl.is i1\n    %i32 = irdl.is i32\n    %index = irdl.is index\n    %semaphore = irdl.base @ttkernel::@semaphore\n    %cb = irdl.base @ttkernel::@cb\n");
    if (op->operands[0])
      add_list(&out, "operands", op->operands);
    if (op->result[0])
      add_list(&out, "results", op->result);
    if (op->attribute[0])
      text_addf(&out, "    %%attribute = irdl.base \"#builtin.integer\"\n    irdl.attributes {\"%s\" = %%attribute}\n", op->attribute);
    text_add(&out, "  }\n");
  }
  text_add(&out, "}\n");
  return text_str(&out);
}

loom_status dialect_load_ttkernel(ir_ctx *ir) {
  if (ir_knows_op(ir, "ttkernel.cb_push_back"))
    return LOOM_OK;
  return ir_load_irdl(ir, "ttkernel.irdl.mlir", ttkernel_irdl_text(&ir->ctx->mem));
}
