/* Right-hand sides that are the same in all calls, as weights are: what is packed of them is kept.  A slot has contents for each turn of the loops around load and products, and for each core,
 * that the load's address depends on, so each of these has rows of its own.  Loops around the load alone fill the slot part by part.  Cores that pack the same rows write the same
 * numbers. */
#include "target/cpu/cpu_private.h"

enum { KEPT_VARIABLES_MAX = 8, DEPTH_MAX = 64 };

typedef struct variable { MlirValue value; int64_t from, step, turns; } variable;
typedef struct address { cpu_kept *k; int n; variable at[KEPT_VARIABLES_MAX]; MlirValue tensor; } address;

static bool add_variable(address *a, MlirValue v, int64_t from, int64_t step, int64_t turns) {
  for (int i = 0; i < a->n; i++)
    if (mlirValueEqual(a->at[i].value, v))
      return true;
  if (a->n == KEPT_VARIABLES_MAX)
    return false;
  a->at[a->n++] = (variable){v, from, step, turns};
  return true;
}

/* A tensor, a core's number, or the variable of a loop between constants. */
static bool add_argument(address *a, MlirValue v) {
  MlirBlock block = mlirBlockArgumentGetOwner(v);
  MlirOperation parent = mlirBlockGetParentOperation(block);
  int64_t from, to, step;
  if (mlirBlockEqual(block, mlirBlockArgumentGetOwner(a->k->workspace))) {
    intptr_t core = mlirBlockArgumentGetArgNumber(v) - mlirBlockArgumentGetArgNumber(a->k->workspace) - 1;
    if (core >= 0)
      return add_variable(a, v, 0, 1, a->k->grid->count[core]);
    a->tensor = v;
    return core < -1;
  }
  if (!ir_op_is(parent, "scf.for") || mlirBlockArgumentGetArgNumber(v) != 0 || !ir_const_int(ir_operand(parent, 0), &from) || !ir_const_int(ir_operand(parent, 1), &to) ||
      !ir_const_int(ir_operand(parent, 2), &step) || step < 1 || to <= from)
    return false;
  return add_variable(a, v, from, step, (to - from + step - 1) / step);
}

static bool add_value(address *a, MlirValue v, int depth) {
  if (mlirValueIsABlockArgument(v))
    return add_argument(a, v);
  MlirOperation def = ir_def(v);
  if (depth == 0 || !(text_starts(ir_op_name(def), "arith.") || text_starts(ir_op_name(def), "affine.") || cpu_is_view(def)))
    return false;
  for (intptr_t i = 0; i < ir_num_operands(def); i++)
    if (!add_value(a, ir_operand(def, i), depth - 1))
      return false;
  return true;
}

static int64_t elems_of(MlirType t) {
  int64_t n = 1;
  for (intptr_t d = 0; d < mlirShapedTypeGetRank(t); d++)
    n *= mlirShapedTypeGetDimSize(t, d);
  return n;
}

static bool is_in_front(MlirOperation op, const cpu_ops *of) {
  for (size_t i = 0; i < of->n; i++)
    if (!cpu_is_after(of->at[i], op))
      return false;
  return true;
}

static bool is_step_of(MlirValue v, const MlirOperation *loops, int n) {
  for (int i = 0; i < n; i++)
    if (mlirValueEqual(v, mlirBlockGetArgument(ir_body(loops[i]), 0)))
      return true;
  return false;
}

/* The load, or the outermost of the loops around it and around no product; these go to `loops`.  False: some product comes first. */
static bool find_front(MlirOperation load, const cpu_ops *products, MlirOperation *loops, int *n, MlirOperation *out) {
  *out = load;
  *n = 0;
  while (!is_in_front(*out, products)) {
    *out = mlirOperationGetParentOperation(*out);
    if (!ir_op_is(*out, "scf.for") || *n == KEPT_VARIABLES_MAX)
      return false;
    loops[(*n)++] = *out;
  }
  return true;
}

/* Each turn of these loops fills a part of its own; the slot holds no turns of loops further out. */
static bool fills_by_parts(const cpu_region *part, const MlirOperation *loops, int n) {
  for (int d = 0; d < part->rank; d++) {
    if (mlirValueIsNull(part->offset[d]))
      continue;
    for (int i = 0; i < part->n_kept; i++)
      if (part->kept[i] == d)
        return false;
    if (!is_step_of(part->offset[d], loops, n))
      return false;
  }
  return true;
}

/* Variables of loops around the load alone are not the slot's turns, and must say which part of it is loaded. */
static bool drop_parts(address *a, const cpu_region *part, const MlirOperation *loops, int n) {
  int left = 0;
  for (int i = 0; i < a->n; i++) {
    bool says_part = false;
    if (!is_step_of(a->at[i].value, loops, n)) {
      a->at[left++] = a->at[i];
      continue;
    }
    for (int d = 0; d < part->rank; d++)
      says_part = says_part || (!mlirValueIsNull(part->offset[d]) && mlirValueEqual(part->offset[d], a->at[i].value));
    if (!says_part)
      return false;
  }
  a->n = left;
  return true;
}

bool cpu_keep(cpu_kept *k, MlirOperation load, const cpu_region *part, const cpu_ops *products, int64_t rows, int nr, MlirValue *out_base) {
  address a = {.k = k};
  MlirOperation loops[KEPT_VARIABLES_MAX], front;
  int n_loops;
  if (!k->constants || !find_front(load, products, loops, &n_loops, &front) || !fills_by_parts(part, loops, n_loops) || !add_value(&a, ir_operand(load, 0), DEPTH_MAX) ||
      mlirValueIsNull(a.tensor) || !drop_parts(&a, part, loops, n_loops))
    return false;
  const intptr_t number = mlirBlockArgumentGetArgNumber(a.tensor);
  int64_t turns = 1;
  if (number >= 64 || !(k->constants >> number & 1))
    return false;
  for (int i = 0; i < a.n; i++)
    if (__builtin_mul_overflow(turns, a.at[i].turns, &turns))
      return false;
  if ((double)turns * (double)rows * nr > 2.0 * (double)elems_of(mlirValueGetType(a.tensor)) + 4.0 * (double)rows * nr)      /* tiles that overlap, or padding, would cost more than they save */
    return false;
  ir_builder b = ir_before(k->ir, front);
  if (mlirValueIsNull(k->memory)) {
    k->memory = mlirBlockInsertArgument(mlirBlockArgumentGetOwner(k->workspace), mlirBlockArgumentGetArgNumber(k->workspace),
                                        ir_type(k->ir, arena_printf(&k->ir->ctx->mem, "memref<1x%dxf32>", nr)), b.loc);
    k->rows = 1;
  }
  MlirValue at = ir_index_const(&b, 0);
  for (int i = 0; i < a.n; i++) {
    MlirValue turn = cpu_index_op(&b, "arith.divui", cpu_index_op(&b, "arith.subi", a.at[i].value, ir_index_const(&b, a.at[i].from)), ir_index_const(&b, a.at[i].step));
    at = cpu_index_op(&b, "arith.addi", cpu_index_op(&b, "arith.muli", at, ir_index_const(&b, a.at[i].turns)), turn);
  }
  *out_base = cpu_index_op(&b, "arith.addi", cpu_index_op(&b, "arith.muli", at, ir_index_const(&b, rows)), ir_index_const(&b, k->rows));
  k->rows += turns * rows;
  return true;
}

loom_status cpu_pack_once(ir_ctx *ir, MlirModule m, const char *inner, const char *type, const char *panels, const char **out_name) {
  arena *mem = &ir->ctx->mem;
  const char *name = *out_name = arena_printf(mem, "%s_once", inner);
  if (!cpu_lacks(m, name))
    return LOOM_OK;
  return cpu_add_functions(ir, m, name, arena_printf(mem,
      "func.func private @%s(%s, %s, index, index)\n"
      "func.func private @%s(%%b: %s, %%pb: %s, %%base: index, %%stride: index) attributes {llvm.linkage = #llvm.linkage<internal>} {\n"
      "  %%c0 = arith.constant 0 : index\n  %%zero = arith.constant 0.0 : f32\n  %%first = memref.load %%pb[%%c0, %%c0] : %s\n  %%lacks = arith.cmpf oeq, %%first, %%zero : f32\n"
      "  scf.if %%lacks {\n    func.call @%s(%%b, %%pb, %%base, %%stride) : (%s, %s, index, index) -> ()\n  }\n  return\n}\n",
      inner, type, panels, name, type, panels, panels, inner, type, panels));
}

/* All rows are known now. */
void cpu_end_kept(cpu_kept *k, int nr) {
  if (mlirValueIsNull(k->memory))
    return;
  mlirValueSetType(k->memory, ir_type(k->ir, arena_printf(&k->ir->ctx->mem, "memref<%" PRId64 "x%dxf32>", k->rows, nr)));
  k->grid->kept_bytes = k->rows * nr * 4;
}
