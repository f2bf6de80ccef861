#include "dialect/ttkernel.h"
#include <string.h>

enum { NOC = TTKERNEL_NOC, COMPUTE = TTKERNEL_COMPUTE, BOTH = TTKERNEL_BOTH, ACTS = 0, PURE = 1 };

static const ttkernel_op table[] = {
#define TTKERNEL(name, thread, effect, operands, result, attribute, header, call, object) {name, thread, effect, operands, result, attribute, header, call, object},
#include "dialect/ttkernel_ops.def"
#undef TTKERNEL
};

/* Letters of operands and results, and the types they stand for. */
static const struct { char letter; const char *constraint; } letters[] = {
    {'c', "%cb = irdl.base @ttkernel::@cb"},
    {'i', "%i1 = irdl.is i1\n    %i32 = irdl.is i32\n    %index = irdl.is index\n    %semaphore = irdl.base @ttkernel::@semaphore\n"
          "    %number = irdl.any_of(%i1, %i32, %index, %semaphore)"},
    {'b', "%bits = irdl.is i32"},
    {'f', "%float = irdl.is f32"},
    {'n', "%noc_addr = irdl.base @ttkernel::@noc_addr"},
    {'p', "%l1_ptr = irdl.base @ttkernel::@l1_ptr"},
    {'a', "%accessor = irdl.base @ttkernel::@accessor"},
    {'A', "%accessor_args = irdl.base @ttkernel::@accessor_args"},
    {'*', "%any_cb = irdl.base @ttkernel::@cb\n    %any_i32 = irdl.is i32\n    %any_index = irdl.is index\n    %value = irdl.any_of(%any_cb, %any_i32, %any_index)"},
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

/* The name of a constraint: the last one its text defines. */
static const char *constraint_name(arena *mem, const char *constraint) {
  const char *last = strrchr(constraint, '\n');
  const char *name = strchr(last ? last : constraint, '%');
  return arena_strndup(mem, name, strcspn(name, " "));
}

/* %cb once for each letter of `uses`, and the list "a0: %cb, a1: optional %number". */
static void add_constraints(text *out, const char *uses, bool *defined) {
  for (const char *u = uses; *u; u++)
    for (size_t k = 0; k < sizeof letters / sizeof *letters; k++)
      if (letters[k].letter == *u && !defined[k]) {
        defined[k] = true;
        text_addf(out, "    %s\n", letters[k].constraint);
      }
}

static void add_list(text *out, const char *what, const char *uses) {
  bool is_optional = false;
  int n = 0;
  text_addf(out, "    irdl.%s(", what);
  for (const char *u = uses; *u; u++) {
    if (*u == '?') {
      is_optional = true;
      continue;
    }
    for (size_t k = 0; k < sizeof letters / sizeof *letters; k++)
      if (letters[k].letter == *u)
        text_addf(out, "%s%c%d: %s%s", n ? ", " : "", what[0], n, is_optional ? "variadic " : "", constraint_name(out->mem, letters[k].constraint));
    n++;
  }
  text_add(out, ")\n");
}

/* Operands that may be absent are one variadic list: of one letter, so that no op needs to say where it ends. */
static void add_operands(text *out, const char *operands) {
  const char *optional = strchr(operands, '?');
  if (!optional || !optional[1]) {
    add_list(out, "operands", operands);
    return;
  }
  size_t required = (size_t)(optional - operands);
  add_list(out, "operands", arena_printf(out->mem, "%.*s?%c", (int)required, operands, optional[1]));
}

const char *ttkernel_irdl_text(arena *mem) {
  text out = text_new(mem);
  text_add(&out, "irdl.dialect @ttkernel {\n");
  for (size_t i = 0; i < sizeof types / sizeof *types; i++)
    text_addf(&out, "  irdl.type @%s\n", types[i]);
  for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
    const ttkernel_op *op = &table[i];
    bool defined[sizeof letters / sizeof *letters] = {false};
    text_addf(&out, "  irdl.operation @\"%s\" {\n", op->name);
    add_constraints(&out, op->operands, defined);
    add_constraints(&out, op->result, defined);
    if (op->operands[0])
      add_operands(&out, op->operands);
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
