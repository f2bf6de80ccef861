/* The C entry of a tile function.  The function itself becomes internal; an entry of its name loads the buffer addresses and scalars,
 * builds the memref descriptors MLIR's lowering expects, and calls it (LLVM inlines the call). */
#include "base/vec.h"
#include "target/cpu/cpu_private.h"
#include <string.h>

typedef struct gather { arena *mem; cpu_ops functions; } gather;
typedef struct entry_text { text out; int64_t n_buffers, n_scalars; } entry_text;

static bool collect(MlirOperation op, void *data) {
  gather *g = data;
  if (ir_op_is(op, "func.func") && !mlirAttributeIsNull(ir_attr_of(op, "loom.tile_function")))
    vec_push(g->mem, &g->functions, op);
  return true;
}

static bool is_packed(MlirType t) {
  return mlirShapedTypeHasStaticShape(t) && mlirAffineMapIsIdentity(mlirMemRefTypeGetAffineMap(t));
}

static void add_pointer(text *o, const char *table, int64_t i, const char *type, const char *to) {
  text_addf(o, "  %%p%s = llvm.getelementptr %%%s[%" PRId64 "] : (!llvm.ptr) -> !llvm.ptr, %s\n", to, table, i, type);
  text_addf(o, "  %%v%s = llvm.load %%p%s : !llvm.ptr -> %s\n", to, to, type);
}

static void add_insert(text *o, const char *name, int *step, const char *type, const char *value, const char *at) {
  text_addf(o, "  %%d%s_%d = llvm.insertvalue %s, %%d%s_%d[%s] : %s\n", name, *step + 1, value, name, *step, at, type);
  ++*step;
}

static void add_number(arena *mem, text *o, const char *name, int *step, const char *type, int64_t value, const char *at) {
  const char *constant = arena_printf(mem, "%%n%s_%d", name, *step);
  text_addf(o, "  %s = llvm.mlir.constant(%" PRId64 " : i64) : i64\n", constant, value);
  add_insert(o, name, step, type, constant, at);
}

/* The descriptor of a packed memref: both pointers, offset 0, sizes, row-major strides. */
static void add_buffer(arena *mem, entry_text *e, MlirType t, const char *type_text) {
  text *o = &e->out;
  const char *name = arena_printf(mem, "b%" PRId64, e->n_buffers);
  int64_t rank = mlirShapedTypeGetRank(t), stride = 1;
  const char *type = rank == 0 ? "!llvm.struct<(ptr, ptr, i64)>"
                               : arena_printf(mem, "!llvm.struct<(ptr, ptr, i64, array<%" PRId64 " x i64>, array<%" PRId64 " x i64>)>", rank, rank);
  int step = 0;
  add_pointer(o, "buf", e->n_buffers++, "!llvm.ptr", name);
  text_addf(o, "  %%d%s_0 = llvm.mlir.poison : %s\n", name, type);
  const char *address = arena_printf(mem, "%%v%s", name);
  add_insert(o, name, &step, type, address, "0");
  add_insert(o, name, &step, type, address, "1");
  add_number(mem, o, name, &step, type, 0, "2");
  for (int64_t d = rank - 1; d >= 0; d--) {
    int64_t size = mlirShapedTypeGetDimSize(t, (intptr_t)d);
    add_number(mem, o, name, &step, type, size, arena_printf(mem, "3, %" PRId64, d));
    add_number(mem, o, name, &step, type, stride, arena_printf(mem, "4, %" PRId64, d));
    stride *= size;
  }
  text_addf(o, "  %%m%s = builtin.unrealized_conversion_cast %%d%s_%d : %s to %s\n", name, name, step, type, type_text);
}

static void add_scalar(arena *mem, entry_text *e, bool is_index) {
  const char *name = arena_printf(mem, "s%" PRId64, e->n_scalars);
  add_pointer(&e->out, "arg", e->n_scalars++, "i64", name);
  text_addf(&e->out, "  %%m%s = arith.%s %%v%s : i64 to %s\n", name, is_index ? "index_cast" : "bitcast", name, is_index ? "index" : "i64");
}

static loom_status refuse(ir_ctx *ir, MlirOperation f, const char *name, intptr_t i, const char *what) {
  diag_error(ir->ctx, ir_span(ir, f), LOOM_EINPUT, "argument %d of tile function @%s is %s", (int)i, name, what);
  diag_help(ir->ctx, "expected buffers (memrefs of static shape, packed row-major) followed by index extents, and no results");
  return LOOM_EINPUT;
}

static loom_status write_entry(ir_ctx *ir, MlirOperation f, const char *name, const char *inner, text *out) {
  arena *mem = &ir->ctx->mem;
  MlirType type = mlirTypeAttrGetValue(ir_attr_of(f, "function_type"));
  entry_text e = {.out = text_new(mem)};
  text values = text_new(mem), types = text_new(mem);
  if (mlirFunctionTypeGetNumResults(type) != 0 || mlirBlockIsNull(ir_body(f)))
    return refuse(ir, f, name, 0, "followed by results, or the function has no body");
  intptr_t n = mlirFunctionTypeGetNumInputs(type);
  for (intptr_t i = 0; i < n; i++) {
    MlirType t = mlirFunctionTypeGetInput(type, i);
    const char *spelled = ir_print_type(mem, t);
    bool is_index = mlirTypeIsAIndex(t), is_i64 = mlirTypeIsAInteger(t) && mlirIntegerTypeGetWidth(t) == 64;
    text_addf(&types, "%s%s", i ? ", " : "", spelled);
    if (is_index || is_i64) {
      text_addf(&values, "%s%%ms%" PRId64, i ? ", " : "", e.n_scalars);
      add_scalar(mem, &e, is_index);
    } else if (mlirTypeIsAMemRef(t) && is_packed(t) && e.n_scalars == 0) {
      text_addf(&values, "%s%%mb%" PRId64, i ? ", " : "", e.n_buffers);
      add_buffer(mem, &e, t, spelled);
    } else {
      return refuse(ir, f, name, i, spelled);
    }
  }
  text_addf(out, "func.func private @\"%s\"(%s)\n", inner, text_str(&types));
  text_addf(out, "func.func @\"%s\"(%%buf: !llvm.ptr, %%arg: !llvm.ptr)%s {\n%s  func.call @\"%s\"(%s) : (%s) -> ()\n  return\n}\n", name,
            cpu_is_hidden(f) ? " attributes {llvm.linkage = #llvm.linkage<internal>}" : "", text_str(&e.out), inner, text_str(&values), text_str(&types));
  if (cpu_is_exported(f))
    cpu_write_export(mem, f, name, e.n_buffers - 1, out);
  return LOOM_OK;
}

static void hide(ir_ctx *ir, MlirOperation f, const char *inner) {
  ir_set_attr(f, "sym_name", ir_str_attr(ir, inner));
  ir_set_attr(f, "sym_visibility", ir_str_attr(ir, "private"));
  ir_set_attr(f, "llvm.linkage", ir_attr(ir, "#llvm.linkage<internal>"));
  ir_set_attr(f, "loom.tile_function", (MlirAttribute){NULL});
}

loom_status cpu_make_entries(ir_ctx *ir, MlirModule m) {
  arena *mem = &ir->ctx->mem;
  gather g = {.mem = mem};
  ir_walk(mlirModuleGetOperation(m), collect, &g);
  text entries = text_new(mem);
  for (size_t i = 0; i < g.functions.n; i++) {
    const char *name = ir_func_name(mem, g.functions.at[i]);
    const char *inner = arena_printf(mem, "%s__body", name);
    LOOM_TRY(write_entry(ir, g.functions.at[i], name, inner, &entries));
    hide(ir, g.functions.at[i], inner);
  }
  return cpu_add_functions(ir, m, "entries", text_str(&entries));
}
