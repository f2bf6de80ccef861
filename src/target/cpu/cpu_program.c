#include "target/cpu/cpu_program.h"
#include "target/cpu/cpu_kernels.h"
#include "base/vec.h"
#include "target/cpu/cpu_private.h"

typedef struct functions { arena *mem; VEC_OF(MlirOperation) at; } functions;

static bool collect(MlirOperation op, void *data) {
  functions *f = data;
  if (ir_op_is(op, "func.func"))
    vec_push(f->mem, &f->at, op);
  return true;
}

const char *cpu_program_symbol(arena *mem, const char *name) { return arena_printf(mem, "loom_entry.%s", name); }
static const char *body_symbol(arena *mem, const char *name) { return arena_printf(mem, "loom_body.%s", name); }

/* Names of a user's functions must not meet those of the mathematics library: every function with a body gets a name of ours. */
typedef struct renaming { ir_ctx *ir; MlirModule m; } renaming;

static bool rename_uses(MlirOperation op, void *data) {
  renaming *r = data;
  arena *mem = &r->ir->ctx->mem;
  if (!ir_op_is(op, "func.call"))
    return true;
  const char *callee = ir_attr_string(mem, ir_attr_of(op, "callee"));
  MlirOperation f = ir_find_func(r->m, callee);
  if (!mlirOperationIsNull(f) && !mlirBlockIsNull(ir_body(f)))
    ir_set_attr(op, "callee", ir_symbol_attr(r->ir, body_symbol(mem, callee)));
  return true;
}

/* Reads `type` of a slot at %a<i>, or writes it: in memory it is an integer of whole bytes where LLVM has no such scalar. */
static bool is_plain_scalar(const char *type) {
  static const char *const plain[] = {"i8", "i16", "i32", "i64", "f16", "bf16", "f32", "f64"};
  for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
    if (text_eq(type, plain[i]))
      return true;
  return false;
}

static int scalar_bits(MlirType t) {
  return mlirTypeIsAInteger(t) ? (int)mlirIntegerTypeGetWidth(t) : mlirTypeIsAFloat(t) ? (int)mlirFloatTypeGetWidth(t) : 0;
}

static int stored_bits(int bits) { return bits <= 8 ? 8 : bits <= 16 ? 16 : bits <= 32 ? 32 : 64; }

static const char *descriptor(arena *mem, MlirType t) {
  int64_t rank = mlirShapedTypeGetRank(t);
  return rank == 0 ? "!llvm.struct<(ptr, ptr, i64)>" : arena_printf(mem, "!llvm.struct<(ptr, ptr, i64, array<%" PRId64 " x i64>, array<%" PRId64 " x i64>)>", rank, rank);
}

static bool add_load(arena *mem, text *o, MlirType t, intptr_t i) {
  const char *type = ir_print_type(mem, t);
  int n = (int)i, bits = scalar_bits(t), stored = stored_bits(bits);
  if (mlirTypeIsAMemRef(t)) {
    const char *d = descriptor(mem, t);
    text_addf(o, "  %%l%d = llvm.load %%a%d : !llvm.ptr -> %s\n  %%v%d = builtin.unrealized_conversion_cast %%l%d : %s to %s\n", n, n, d, n, n, d, type);
  } else if (mlirTypeIsAIndex(t)) {
    text_addf(o, "  %%l%d = llvm.load %%a%d : !llvm.ptr -> i64\n  %%v%d = arith.index_cast %%l%d : i64 to index\n", n, n, n, n);
  } else if (is_plain_scalar(type)) {
    text_addf(o, "  %%v%d = llvm.load %%a%d : !llvm.ptr -> %s\n", n, n, type);
  } else if (bits > 0 && bits <= 64) {
    text_addf(o, "  %%l%d = llvm.load %%a%d : !llvm.ptr -> i%d\n", n, n, stored);
    if (bits == stored)
      text_addf(o, "  %%v%d = arith.bitcast %%l%d : i%d to %s\n", n, n, stored, type);
    else
      text_addf(o, "  %%t%d = arith.trunci %%l%d : i%d to i%d\n  %%v%d = arith.bitcast %%t%d : i%d to %s\n", n, n, stored, bits, n, n, bits, type);
  } else {
    return false;
  }
  return true;
}

static bool add_store(arena *mem, text *o, MlirType t, const char *value, intptr_t i) {
  const char *type = ir_print_type(mem, t);
  int n = (int)i, bits = scalar_bits(t), stored = stored_bits(bits);
  if (mlirTypeIsAMemRef(t)) {
    const char *d = descriptor(mem, t);
    text_addf(o, "  %%l%d = builtin.unrealized_conversion_cast %s : %s to %s\n  llvm.store %%l%d, %%a%d : %s, !llvm.ptr\n", n, value, type, d, n, n, d);
  } else if (mlirTypeIsAIndex(t)) {
    text_addf(o, "  %%l%d = arith.index_cast %s : index to i64\n  llvm.store %%l%d, %%a%d : i64, !llvm.ptr\n", n, value, n, n);
  } else if (is_plain_scalar(type)) {
    text_addf(o, "  llvm.store %s, %%a%d : %s, !llvm.ptr\n", value, n, type);
  } else if (bits > 0 && bits <= 64) {
    text_addf(o, "  %%t%d = arith.bitcast %s : %s to i%d\n", n, value, type, bits);
    if (bits != stored)
      text_addf(o, "  %%l%d = arith.extui %%t%d : i%d to i%d\n", n, n, bits, stored);
    text_addf(o, "  llvm.store %%%s%d, %%a%d : i%d, !llvm.ptr\n", bits == stored ? "t" : "l", n, n, stored);
  } else {
    return false;
  }
  return true;
}

/* A function of the program's C name that loads the slots, calls the body and stores its results. */
static loom_status write_entry(ir_ctx *ir, MlirOperation f, const char *name, text *out) {
  arena *mem = &ir->ctx->mem;
  MlirType type = mlirTypeAttrGetValue(ir_attr_of(f, "function_type")), refused = {NULL};
  intptr_t n_in = mlirFunctionTypeGetNumInputs(type), n_out = mlirFunctionTypeGetNumResults(type);
  text body = text_new(mem), values = text_new(mem), in = text_new(mem), results = text_new(mem);
  for (intptr_t i = 0; i < n_in + n_out; i++)
    text_addf(&body, "  %%p%d = llvm.getelementptr %%slots[%d] : (!llvm.ptr) -> !llvm.ptr, !llvm.ptr\n  %%a%d = llvm.load %%p%d : !llvm.ptr -> !llvm.ptr\n", (int)i, (int)i, (int)i, (int)i);
  for (intptr_t i = 0; i < n_in; i++) {
    MlirType t = mlirFunctionTypeGetInput(type, i);
    if (!add_load(mem, &body, t, i))
      refused = t;
    text_addf(&values, "%s%%v%d", i ? ", " : "", (int)i);
    text_addf(&in, "%s%s", i ? ", " : "", ir_print_type(mem, t));
  }
  for (intptr_t i = 0; i < n_out; i++)
    text_addf(&results, "%s%s", i ? ", " : "", ir_print_type(mem, mlirFunctionTypeGetResult(type, i)));
  const char *inner = body_symbol(mem, name);
  if (n_out)
    text_addf(&body, "  %%r:%d = ", (int)n_out);
  text_addf(&body, "  func.call @\"%s\"(%s) : (%s) -> (%s)\n", inner, text_str(&values), text_str(&in), text_str(&results));
  for (intptr_t i = 0; i < n_out; i++) {
    MlirType t = mlirFunctionTypeGetResult(type, i);
    if (!add_store(mem, &body, t, arena_printf(mem, "%%r#%d", (int)i), n_in + i))
      refused = t;
  }
  if (!mlirTypeIsNull(refused))
    LOOM_FAIL(ir->ctx, ir_span(ir, f), LOOM_EUNSUP, "function @%s takes or gives a value of type %s; expected ranked tensors and scalars", name, ir_print_type(mem, refused));
  text_addf(out, "func.func private @\"%s\"(%s) -> (%s)\nfunc.func @\"%s\"(%%slots: !llvm.ptr) {\n%s  return\n}\n", inner, text_str(&in), text_str(&results),
            cpu_program_symbol(mem, name), text_str(&body));
  return LOOM_OK;
}

static loom_status make_entries(ir_ctx *ir, MlirModule m) {
  arena *mem = &ir->ctx->mem;
  functions f = {.mem = mem};
  renaming r = {ir, m};
  text entries = text_new(mem);
  ir_walk(mlirModuleGetOperation(m), collect, &f);
  ir_walk(mlirModuleGetOperation(m), rename_uses, &r);
  for (size_t i = 0; i < f.at.n; i++) {
    MlirOperation op = f.at.at[i];
    const char *name = ir_func_name(mem, op), *visibility = ir_attr_string(mem, ir_attr_of(op, "sym_visibility"));
    if (mlirBlockIsNull(ir_body(op)))
      continue;
    ir_set_attr(op, "sym_name", ir_str_attr(ir, body_symbol(mem, name)));
    ir_set_attr(op, "sym_visibility", ir_str_attr(ir, "private"));
    ir_set_attr(op, "llvm.linkage", ir_attr(ir, "#llvm.linkage<internal>"));
    if (!visibility || text_eq(visibility, "public"))
      LOOM_TRY(write_entry(ir, op, name, &entries));
  }
  return ir_add_functions(ir, m, "entries", text_str(&entries));
}

loom_status cpu_program_object(ir_ctx *ir, MlirModule m, const cpu_leaves *leaves, char **out_object, size_t *out_size) {
  const codegen_options o = cpu_tile_options(NULL);
  if (leaves)
    LOOM_TRY(cpu_leave_to_providers(ir, m, leaves->products));
  LOOM_TRY(cpu_lower_small_floats(ir, m));
  LOOM_TRY(make_entries(ir, m));
  LOOM_TRY(cpu_lower_tiles(ir, m));
  return codegen_object(ir, m, &o, out_object, out_size);
}

loom_status cpu_program_link(loom_ctx *ctx, const char *object, size_t size, const codegen_symbol *grants, size_t n, codegen_image **out) {
  codegen_options o = cpu_tile_options(NULL);
  o.grants = grants;
  o.n_grants = n;
  return codegen_link(ctx, object, size, &o, out);
}
