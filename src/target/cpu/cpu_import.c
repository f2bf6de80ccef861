/* Functions that a module declares and providers have: each gets a body that calls what the link has for it.
 *
 *   func.func private @f(memref<f32>, index, f32) attributes {llvm.bareptr = true}           f(float *, int64_t, float)
 *   func.func private @g(memref<?x?xf32>) attributes {llvm.emit_c_interface}                 _mlir_ciface_g(descriptor *)
 *
 * The first may be provided by a plain function or by one on packed arguments (IREE's imports: results first, then arguments, then the fields of
 * hal.import.fields, in the layout of a C struct). */
#include "target/cpu/cpu_kernels_private.h"

typedef VEC_OF(MlirOperation) op_list;
typedef struct gather { arena *mem; op_list declared; } gather;

static bool has_attr(MlirOperation op, const char *name) { return !mlirAttributeIsNull(ir_attr_of(op, name)); }

bool cpu_is_provided(MlirOperation op) {
  return ir_op_is(op, "func.func") && mlirBlockIsNull(ir_body(op)) && !has_attr(op, "loom.runtime") &&
         (has_attr(op, "llvm.bareptr") || has_attr(op, "llvm.emit_c_interface"));   /* loom.runtime: what a program is granted itself (src/program) */
}

static bool collect(MlirOperation op, void *data) {
  gather *g = data;
  if (cpu_is_provided(op))
    vec_push(g->mem, &g->declared, op);
  return true;
}

typedef struct import { const char *name; MlirType type; intptr_t n_in, n_out; bool is_ciface; text before, values, types, fields, stores; int n_fields; const char *result; } import;

static const char *descriptor_of(arena *m, MlirType t) {
  int64_t rank = mlirShapedTypeGetRank(t);
  return rank == 0 ? "!llvm.struct<(ptr, ptr, i64)>" : arena_printf(m, "!llvm.struct<(ptr, ptr, i64, array<%" PRId64 " x i64>, array<%" PRId64 " x i64>)>", rank, rank);
}

/* The value %<name> of an LLVM type goes into the call and into the packed arguments. */
static void pass(import *f, const char *value, const char *type) {
  bool is_bit = text_eq(type, "i1");
  text_addf(&f->values, "%s%s", f->values.size ? ", " : "", value);
  text_addf(&f->types, "%s%s", f->types.size ? ", " : "", type);
  text_addf(&f->fields, "%s%s", f->n_fields ? ", " : "", text_eq(type, "!llvm.ptr") ? "ptr" : is_bit ? "i8" : type);
  if (is_bit)
    text_addf(&f->before, "  %s_byte = arith.extui %s : i1 to i8\n", value, value);
  text_addf(&f->stores, "      %%f%d = llvm.getelementptr %%params[0, %d] : (!llvm.ptr) -> !llvm.ptr, @FIELDS@\n      llvm.store %s%s, %%f%d : %s, !llvm.ptr\n", f->n_fields, f->n_fields, value,
            is_bit ? "_byte" : "", f->n_fields, is_bit ? "i8" : type);
  f->n_fields++;
}

static bool is_scalar(const char *t) {
  static const char *const scalars[] = {"i1", "i8", "i16", "i32", "i64", "f32", "f64"};
  for (size_t i = 0; i < sizeof scalars / sizeof *scalars; i++)
    if (text_eq(t, scalars[i]))
      return true;
  return false;
}

static bool add_argument(import *f, intptr_t i) {
  arena *m = f->before.mem;
  MlirType t = mlirFunctionTypeGetInput(f->type, i);
  const char *type = ir_print_type(m, t), *arg = arena_printf(m, "%%a%d", (int)i), *value = arena_printf(m, "%%v%d", (int)i);
  if (mlirTypeIsAIndex(t)) {
    text_addf(&f->before, "  %s = arith.index_cast %s : index to i64\n", value, arg);
    pass(f, value, "i64");
  } else if (mlirTypeIsAMemRef(t) && f->is_ciface) {
    const char *d = descriptor_of(m, t);
    text_addf(&f->before, "  %s_d = builtin.unrealized_conversion_cast %s : %s to %s\n  %s = llvm.alloca %%one x %s : (i64) -> !llvm.ptr\n  llvm.store %s_d, %s : %s, !llvm.ptr\n", value, arg,
              type, d, value, d, value, value, d);
    pass(f, value, "!llvm.ptr");
  } else if (mlirTypeIsAMemRef(t)) {
    cpu_add_pointer(&f->before, value, arg, type);
    pass(f, value, "!llvm.ptr");
  } else if (is_scalar(type)) {
    pass(f, arg, type);
  } else {
    return false;
  }
  return true;
}

/* processor_id and processor_data, where the declaration asks for them: this is processor 0, and it says nothing of itself. */
static loom_status add_import_fields(kernel_sites *s, MlirOperation op, import *f) {
  MlirAttribute asked = ir_attr_of(op, "hal.import.fields");
  text plain = f->values, types = f->types;   /* in the packed arguments only */
  for (intptr_t i = 0; !mlirAttributeIsNull(asked) && mlirAttributeIsAArray(asked) && i < mlirArrayAttrGetNumElements(asked); i++) {
    const char *field = ir_attr_string(&s->ir->ctx->mem, mlirArrayAttrGetElement(asked, i));
    if (text_eq(field, "processor_id"))
      text_add(&f->before, "  %processor = arith.constant 0 : i32\n"), pass(f, "%processor", "i32");
    else if (text_eq(field, "processor_data"))
      text_add(&f->before, "  %data = llvm.mlir.zero : !llvm.ptr\n"), pass(f, "%data", "!llvm.ptr");
    else
      LOOM_FAIL(s->ir->ctx, ir_span(s->ir, op), LOOM_EUNSUP, "hal.import.fields of function @%s: '%s' is not supported; expected processor_id or processor_data", f->name, field ? field : "");
  }
  size_t n_values = plain.size, n_types = types.size;
  f->values = text_new(plain.mem);
  text_add_bytes(&f->values, text_str(&plain), n_values);
  f->types = text_new(plain.mem);
  text_add_bytes(&f->types, text_str(&types), n_types);
  return LOOM_OK;
}

/* ---- generated code for what nobody provides ---- */
enum { PRODUCT_ARGUMENTS = 15 };

static bool is_product_signature(const import *f) {
  bool is = f->n_in == PRODUCT_ARGUMENTS && f->n_out == 0;
  for (intptr_t i = 0; is && i < PRODUCT_ARGUMENTS; i++) {
    MlirType t = mlirFunctionTypeGetInput(f->type, i);
    is = i < 12 && i % 4 == 0 ? mlirTypeIsAMemRef(t) && mlirShapedTypeGetRank(t) == 0 : mlirTypeIsAIndex(t);
  }
  return is;
}

/* (base, offset, stride 0, stride 1) of A, B, C and then M, N, K:  C = A * B. */
static void write_product(text *o, const import *f, const char *name) {
  arena *m = o->mem;
  static const char *const sizes[3] = {"%a12, %a14", "%a14, %a13", "%a12, %a13"};
  const char *element = ir_print_type(m, mlirShapedTypeGetElementType(mlirFunctionTypeGetInput(f->type, 8)));
  text_addf(o, "func.func private @%s(", name);
  for (intptr_t i = 0; i < f->n_in; i++)
    text_addf(o, "%s%%a%d: %s", i ? ", " : "", (int)i, ir_print_type(m, mlirFunctionTypeGetInput(f->type, i)));
  text_add(o, ") attributes {llvm.linkage = #llvm.linkage<internal>} {\n");
  for (int k = 0; k < 3; k++) {
    MlirType t = mlirFunctionTypeGetInput(f->type, k * 4);
    text_addf(o, "  %%m%d = memref.reinterpret_cast %%a%d to offset: [%%a%d], sizes: [%s], strides: [%%a%d, %%a%d] : %s to memref<?x?x%s, strided<[?, ?], offset: ?>>\n", k, k * 4,
              k * 4 + 1, sizes[k], k * 4 + 2, k * 4 + 3, ir_print_type(m, t), ir_print_type(m, mlirShapedTypeGetElementType(t)));
  }
  const char *in0 = ir_print_type(m, mlirShapedTypeGetElementType(mlirFunctionTypeGetInput(f->type, 0))), *in1 = ir_print_type(m, mlirShapedTypeGetElementType(mlirFunctionTypeGetInput(f->type, 4)));
  bool is_float = mlirTypeIsAFloat(mlirShapedTypeGetElementType(mlirFunctionTypeGetInput(f->type, 8)));
  text_addf(o, "  %%zero = arith.constant %s : %s\n", is_float ? "0.0" : "0", element);
  text_addf(o, "  linalg.fill ins(%%zero : %s) outs(%%m2 : memref<?x?x%s, strided<[?, ?], offset: ?>>)\n", element, element);
  text_addf(o, "  linalg.matmul ins(%%m0, %%m1 : memref<?x?x%s, strided<[?, ?], offset: ?>>, memref<?x?x%s, strided<[?, ?], offset: ?>>) outs(%%m2 : memref<?x?x%s, strided<[?, ?], offset: ?>>)\n",
            in0, in1, element);
  text_add(o, "  return\n}\n");
}

/* ---- the body ---- */
static const char *with_fields(arena *m, const char *s, const char *fields) {
  static const char mark[] = "@FIELDS@";
  text t = text_new(m);
  for (const char *at; (at = strstr(s, mark)); s = at + strlen(mark)) {
    text_add_bytes(&t, s, (size_t)(at - s));
    text_add(&t, fields);
  }
  text_add(&t, s);
  return text_str(&t);
}

static void write_body(text *o, const import *f, int index, const char *fallback) {
  arena *m = o->mem;
  const char *fields = arena_printf(m, "!llvm.struct<(%s)>", text_str(&f->fields)), *out = f->result;
  text args = text_new(m), signature = text_new(m);
  for (intptr_t i = 0; i < f->n_in; i++) {
    text_addf(&args, "%s%%a%d", i ? ", " : "", (int)i);
    text_addf(&signature, "%s%s", i ? ", " : "", ir_print_type(m, mlirFunctionTypeGetInput(f->type, i)));
  }
  text_addf(o, "  %%one = arith.constant 1 : i64\n  %%i0 = arith.constant 0 : i32\n  %%i1 = arith.constant 1 : i32\n%s", text_str(&f->before));
  if (!f->is_ciface && f->n_fields)
    text_addf(o, "  %%params = llvm.alloca %%one x %s : (i64) -> !llvm.ptr\n", fields);
  if (out)
    text_addf(o, "  %%nothing = llvm.mlir.zero : %s\n", out);
  text_addf(o, "  %%link = func.call @loom_kernel_here() : () -> !llvm.ptr\n  %%import = arith.constant %d : i64\n", index);
  text_add(o, "  %kind = func.call @loom_kernel_kind(%link, %import) : (!llvm.ptr, i64) -> i32\n  %fn = func.call @loom_kernel_function(%link, %import) : (!llvm.ptr, i64) -> !llvm.ptr\n"
              "  %is_plain = arith.cmpi eq, %kind, %i1 : i32\n  %is_none = arith.cmpi eq, %kind, %i0 : i32\n");
  text_addf(o, "  %sscf.if %%is_plain%s%s%s {\n    %sllvm.call %%fn(%s) : !llvm.ptr, (%s) -> %s\n", out ? "%r = " : "", out ? " -> (" : "", out ? out : "", out ? ")" : "", out ? "%y = " : "",
            text_str(&f->values), text_str(&f->types), out ? out : "()");
  if (out)
    text_addf(o, "    scf.yield %%y : %s\n", out);
  text_add(o, "  } else {\n");
  if (!f->is_ciface) {                      /* packed, or none: then what `todo` says */
    text_addf(o, "    %%todo = scf.if %%is_none -> (i32) {\n      scf.yield %%i1 : i32\n    } else {\n%s", with_fields(m, text_str(&f->stores), fields));
    text_addf(o, "      %%st = func.call @loom_kernel_packed(%%link, %%import, %s) : (!llvm.ptr, i64, !llvm.ptr) -> i32\n      scf.yield %%st : i32\n    }\n", f->n_fields ? "%params" : "%fn");
    if (fallback)
      text_addf(o, "    %%is_todo = arith.cmpi ne, %%todo, %%i0 : i32\n    scf.if %%is_todo {\n      func.call @%s(%s) : (%s) -> ()\n    }\n", fallback, text_str(&args), text_str(&signature));
  }
  if (out && f->is_ciface)
    text_addf(o, "    scf.yield %%nothing : %s\n", out);
  else if (out)
    text_addf(o, "    %%rp = llvm.getelementptr %%params[0, 0] : (!llvm.ptr) -> !llvm.ptr, %s\n    %%y = llvm.load %%rp : !llvm.ptr -> %s\n    scf.yield %%y : %s\n", fields, out, out);
  text_add(o, "  }\n");
  text_addf(o, "  return%s%s\n}\n", out ? " %r : " : "", out ? out : "");
}

static loom_status write_import(kernel_sites *s, MlirOperation op) {
  arena *m = &s->ir->ctx->mem;
  import f = {.name = ir_func_name(m, op), .type = mlirTypeAttrGetValue(ir_attr_of(op, "function_type")), .is_ciface = has_attr(op, "llvm.emit_c_interface"), .before = text_new(m),
              .values = text_new(m), .types = text_new(m), .fields = text_new(m), .stores = text_new(m)};
  f.n_in = mlirFunctionTypeGetNumInputs(f.type);
  f.n_out = mlirFunctionTypeGetNumResults(f.type);
  bool fits = f.n_out <= 1;
  if (f.n_out == 1) {
    f.result = ir_print_type(m, mlirFunctionTypeGetResult(f.type, 0));
    fits = is_scalar(f.result) && !text_eq(f.result, "i1");
    if (!f.is_ciface) {                     /* in front of the arguments */
      text_add(&f.fields, f.result);
      f.n_fields = 1;
    }
  }
  for (intptr_t i = 0; fits && i < f.n_in; i++)
    fits = add_argument(&f, i);
  if (!fits) {
    diag_error(s->ir->ctx, ir_span(s->ir, op), LOOM_EUNSUP, "function @%s cannot be provided with the type %s", f.name, ir_print_type(m, f.type));
    diag_help(s->ir->ctx, "expected memrefs, index, i1, i8 .. i64, f32 and f64, and at most one result, a number");
    return LOOM_EUNSUP;
  }
  LOOM_TRY(add_import_fields(s, op, &f));
  bool has_fallback = has_attr(op, "loom.kernel");
  if (has_fallback && !is_product_signature(&f))
    LOOM_FAIL(s->ir->ctx, ir_span(s->ir, op), LOOM_EINPUT, "function @%s has the attribute loom.kernel and not the 15 arguments of a product: (memref, offset, stride, stride) three times, M, N, K", f.name);
  const char *symbol = f.is_ciface ? arena_printf(m, "_mlir_ciface_%s", f.name) : f.name, *fallback = arena_printf(m, "loom_generated_%d", s->n);
  text_addf(&s->lines, "import\t%s\t%s\t%s\n", symbol, has_fallback ? "optional" : "required", cpu_kernel_place(s->ir, op));
  text *o = &s->functions;
  if (has_fallback)
    write_product(o, &f, fallback);
  text_addf(o, "func.func private @%s(", f.name);
  for (intptr_t i = 0; i < f.n_in; i++)
    text_addf(o, "%s%%a%d: %s", i ? ", " : "", (int)i, ir_print_type(m, mlirFunctionTypeGetInput(f.type, i)));
  text_addf(o, ")%s%s attributes {llvm.linkage = #llvm.linkage<internal>} {\n", f.result ? " -> " : "", f.result ? f.result : "");
  write_body(o, &f, s->n, has_fallback ? fallback : NULL);
  s->n++;
  mlirOperationDestroy(op);
  return LOOM_OK;
}

loom_status cpu_write_imports(kernel_sites *s) {
  gather g = {.mem = &s->ir->ctx->mem};
  ir_walk(mlirModuleGetOperation(s->module), collect, &g);
  for (size_t i = 0; i < g.declared.n; i++)
    LOOM_TRY(write_import(s, g.declared.at[i]));
  return LOOM_OK;
}
