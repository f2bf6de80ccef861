#include "target/tt/tt_cxx.h"
#include <string.h>

enum { CALL_DEPTH_MAX = 32 };

/* ---- what the kernel calls ---- */
typedef struct collector { cxx *c; int depth; loom_status st; } collector;
static loom_status collect(cxx *c, MlirOperation func, int depth);

static bool collect_call(MlirOperation op, void *data) {
  collector *k = data;
  if (ir_op_is(op, "func.call"))
    k->st = collect(k->c, ir_find_func(k->c->module, ir_attr_string(k->c->mem, ir_attr_of(op, "callee"))), k->depth + 1);
  return k->st == LOOM_OK;
}

static loom_status collect(cxx *c, MlirOperation func, int depth) {
  const char *symbol = ir_func_name(c->mem, func);
  for (size_t i = 0; i < c->functions.n; i++)
    if (text_eq(c->functions.at[i].symbol, symbol))
      return LOOM_OK;
  if (depth > CALL_DEPTH_MAX)
    LOOM_FAIL(c->ctx, ir_span(c->ir, func), LOOM_EUNSUP, "'%s' calls itself, or more than %d functions deep", symbol, CALL_DEPTH_MAX);
  collector k = {c, depth, LOOM_OK};
  ir_walk(func, collect_call, &k);
  LOOM_TRY(k.st);
  vec_push(c->mem, &c->functions, ((cxx_function){symbol, NULL, func}));
  return LOOM_OK;
}

/* ---- includes ---- */
typedef struct uses { const cxx *c; VEC_OF(const ttkernel_op *) rows; const char *reduce_op, *reduce_dim; } uses;

static bool note_use(MlirOperation op, void *data) {
  uses *u = data;
  const ttkernel_op *row = ttkernel_find(op);
  if (!row)
    return true;
  vec_push(u->c->mem, &u->rows, row);
  MlirAttribute args = ir_attr_of(op, "template_args");
  if (text_starts(row->name, "reduce_") && !u->reduce_op && !mlirAttributeIsNull(args) && mlirArrayAttrGetNumElements(args) >= 2) {
    u->reduce_op = ir_attr_string(u->c->mem, mlirArrayAttrGetElement(args, 0));
    u->reduce_dim = ir_attr_string(u->c->mem, mlirArrayAttrGetElement(args, 1));
  }
  return true;
}

static bool uses_text(const uses *u, const char *word) {
  for (size_t i = 0; i < u->rows.n; i++)
    if (strstr(u->rows.at[i]->object, word))
      return true;
  return false;
}

/* Headers of the functions used, in the order of the table; compute kernels have no dataflow API and the others no compute API. */
static void print_includes(cxx *c) {
  static const struct { const char *word, *header; bool compute; } objects[] = {
      {"$0.", "api/dataflow/circular_buffer.h", true}, {"noc.", "api/dataflow/noc.h", false}, {"noc.async_read($1", "api/tensor/noc_traits.h", false},
      {"noc.async_write(Core", "api/tensor/noc_traits.h", false}, {"CoreLocalMem", "api/core_local_mem.h", false},
      {"compute_kernel_hw_startup", "api/compute/compute_kernel_hw_startup.h", true}, {"reconfig_data_format_srca", "api/compute/reconfig_data_format.h", true}};
  bool is_compute = c->role == TT_COMPUTE;
  uses u = {.c = c};
  VEC_OF(const char *) headers = {0};
  for (size_t i = 0; i < c->functions.n; i++)
    ir_walk(c->functions.at[i].op, note_use, &u);
  vec_push(c->mem, &headers, is_compute ? "api/compute/common.h" : "api/dataflow/dataflow_api.h");
  size_t n;
  const ttkernel_op *table = ttkernel_table(&n);
  for (size_t k = 0; k < n; k++)
    for (size_t i = 0; i < u.rows.n; i++)
      if (u.rows.at[i] == &table[k] && text_starts(table[k].header, is_compute ? "api/compute/" : "api/dataflow/"))
        vec_push(c->mem, &headers, table[k].header);
  for (size_t k = 0; c->object_api && k < sizeof objects / sizeof *objects; k++)
    if ((objects[k].compute || !is_compute) && uses_text(&u, objects[k].word))
      vec_push(c->mem, &headers, objects[k].header);
  if (u.reduce_op)
    text_addf(&c->out, "#define REDUCE_OP %s\n#define REDUCE_DIM %s\n", u.reduce_op, u.reduce_dim);
  text_addf(&c->out, "#include <cstdint>\n%s%s", c->helpers & CXX_MIN_MAX ? "#include <algorithm>\n" : "", c->helpers & CXX_LIMITS ? "#include <limits>\n" : "");
  for (size_t i = 0; i < headers.n; i++) {
    bool is_new = true;
    for (size_t k = 0; k < i; k++)
      is_new &= !text_eq(headers.at[k], headers.at[i]);
    if (is_new)
      text_addf(&c->out, "#include \"%s\"\n", headers.at[i]);
  }
}

/* ---- functions ---- */
static bool has_noc_object(MlirOperation op, void *data) {
  const ttkernel_op *row = ttkernel_find(op);
  *(bool *)data |= row && strstr(row->object, "noc.");
  return true;
}

/* "const Tensor &x" and the template parameter it needs; the name is left out where the argument is not used. */
static void print_parameters(cxx *c, MlirOperation func, text *types, text *parameters) {
  MlirBlock body = ir_body(func);
  MlirAttribute names = ir_attr_of(func, "loom.arg_names");
  for (intptr_t i = 0; i < mlirBlockGetNumArguments(body); i++) {
    MlirValue v = mlirBlockGetArgument(body, i);
    bool is_named = !mlirAttributeIsNull(names) && mlirAttributeIsAArray(names) && i < mlirArrayAttrGetNumElements(names);
    const char *given = is_named ? ir_attr_string(c->mem, mlirArrayAttrGetElement(names, i)) : NULL;
    const char *name = cxx_declare(c, given ? given : "a"), *type = cxx_type(c, v);
    bool is_used = !mlirOpOperandIsNull(mlirValueGetFirstUse(v)), is_object = text_eq(type, "CircularBuffer");
    cxx_bind(c, v, (cxx_expr){name, CXX_PRIMARY, is_object});
    const char *before = is_object ? " &" : is_used ? " " : "";
    if (text_eq(type, "auto")) {
      bool is_pointer = ttkernel_is_type(mlirValueGetType(v), "l1_ptr");
      text_addf(types, "%stypename T%d", types->size ? ", " : "", (int)i);
      type = arena_printf(c->mem, "%sT%d", is_pointer ? "" : "const ", (int)i);
      before = is_pointer ? before : " &";
    }
    text_addf(parameters, "%s%s%s%s", i ? ", " : "", type, before, is_used ? name : "");
  }
}

static loom_status print_function(cxx *c, cxx_function *f, bool is_kernel) {
  MlirBlock body = ir_body(f->op);
  MlirOperation end = mlirBlockGetTerminator(body);
  text types = text_new(c->mem), parameters = text_new(c->mem);
  const char *comment = ir_attr_string(c->mem, ir_attr_of(f->op, "loom.comment"));
  f->name = is_kernel ? "kernel_main" : cxx_declare(c, f->symbol);
  size_t scope = c->names.n;
  print_parameters(c, f->op, &types, &parameters);
  text_add(&c->out, "\n");
  if (comment)
    cxx_comment(c, comment);
  if (types.size)
    cxx_line(c, "template <%s>", text_str(&types));
  bool is_noinline = !mlirAttributeIsNull(ir_attr_of(f->op, "loom.noinline"));
  const char *result = ir_num_operands(end) ? cxx_type(c, ir_operand(end, 0)) : "void";
  cxx_line(c, "%s%s %s(%s) {", is_kernel ? "" : is_noinline ? "static __attribute__((noinline)) " : "static inline ", result, f->name, text_str(&parameters));
  c->indent++;
  bool has_noc = false;
  ir_walk(f->op, has_noc_object, &has_noc);
  if (c->object_api && has_noc)
    cxx_line(c, "Noc noc;");
  LOOM_TRY(cxx_block(c, body));
  if (ir_num_operands(end))
    cxx_line(c, "return %s;", cxx_operand(c, ir_operand(end, 0), 0));
  c->indent--;
  cxx_line(c, "}");
  c->names.n = scope;
  return LOOM_OK;
}

static void print_header(cxx *c) {
  MlirOperation m = mlirModuleGetOperation(c->module);
  const char *kernel = ir_attr_string(c->mem, ir_attr_of(m, "loom.kernel")), *chip = ir_attr_string(c->mem, ir_attr_of(m, "loom.machine"));
  const char *summary = ir_attr_string(c->mem, ir_attr_of(m, "loom.summary"));
  cxx_comment(c, arena_printf(c->mem, "The %s of %s%s%s, made by Loom.", tt_role_name(c->role), kernel ? kernel : "a kernel", chip ? " for " : "", chip ? chip : ""));
  if (summary)
    cxx_comment(c, summary);
}

/* The functions are printed first, so that the includes are of what they turned out to need. */
loom_status tt_print_kernel(ir_ctx *ir, MlirModule m, tt_role role, bool object_api, const char **out) {
  cxx c = {.ir = ir, .ctx = ir->ctx, .mem = &ir->ctx->mem, .module = m, .role = role, .object_api = object_api, .out = text_new(&ir->ctx->mem)};
  MlirOperation kernel = ir_find_func(m, tt_role_name(role));
  LOOM_TRY(ttkernel_verify(ir, m));
  if (mlirOperationIsNull(kernel) || mlirBlockIsNull(ir_body(kernel)) || mlirBlockGetNumArguments(ir_body(kernel)))
    LOOM_FAIL(ir->ctx, ir_span(ir, mlirModuleGetOperation(m)), LOOM_EINPUT, "the module has no kernel '%s' without arguments", tt_role_name(role));
  LOOM_TRY(collect(&c, kernel, 0));
  for (size_t i = 0; i < c.functions.n; i++)
    LOOM_TRY(print_function(&c, &c.functions.at[i], i + 1 == c.functions.n));
  text functions = c.out;
  c.out = text_new(c.mem);
  print_header(&c);
  print_includes(&c);
  cxx_print_helpers(&c);
  text_add(&c.out, text_str(&functions));
  *out = text_str(&c.out);
  return LOOM_OK;
}
