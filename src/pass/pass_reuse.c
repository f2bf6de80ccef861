/* Which loops of a mapped function load or store the same data in every turn.  The view of an access gets
 *   loom.reuse = {spatial = [{dim = "dim_y", level = 1}], temporal = [{block_sym = @tile_n}], sequential = [], bytes = 8192}
 * with the loops it stands still in, outermost first, and the bytes of its tile where they are known; a loom.subview its three flags too. */
#include "pass/access_query.h"

static MlirAttribute loop_entry(ir_ctx *ir, const pass_loop *l, int depth) {
  arena *m = &ir->ctx->scratch;
  MlirAttribute block = ir_attr_of(l->op, "loom.block_sym");
  text t = text_new(m);
  text_addf(&t, "{depth = %d : i64", depth);
  if (l->dim)
    text_addf(&t, ", dim = \"%s\", level = %d : i64", l->dim, l->level);
  if (!mlirAttributeIsNull(block))
    text_addf(&t, ", block_sym = %s", ir_print_attr(m, block));
  if (l->trips >= 0)
    text_addf(&t, ", turns = %" PRId64 " : i64", l->trips);
  text_add(&t, "}");
  return ir_attr(ir, text_str(&t));
}

static int64_t tile_bytes(MlirType t) {
  dtype d;
  int64_t bytes;
  if (!mlirTypeIsAMemRef(t) || !mlirShapedTypeHasStaticShape(t) || !ir_type_dtype(t, &d))
    return -1;
  bytes = (int64_t)dtype_bytes(d);
  for (intptr_t i = 0; i < mlirShapedTypeGetRank(t); i++)
    if (__builtin_mul_overflow(bytes, mlirShapedTypeGetDimSize(t, i), &bytes))
      return -1;
  return bytes;
}

static void annotate(ir_ctx *ir, const pass_access *a) {
  static const struct { loop_kind kind; const char *name, *flag; } kinds[] = {
      {LOOP_SEQUENTIAL, "sequential", "sequential_reuse"}, {LOOP_SPATIAL, "spatial", "spatial_reuse"}, {LOOP_TEMPORAL, "temporal", "temporal_reuse"}};
  pass_loop loops[PASS_LOOPS_MAX];
  value_set ivs = {0};
  int n = pass_enclosing_loops(ir, a->copy, loops);
  bool is_mapped = false;
  MlirNamedAttribute entries[4];
  intptr_t n_entries = 0;
  pass_access_ivs(ir, a, &ivs);
  for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
    MlirAttribute list[PASS_LOOPS_MAX];
    intptr_t count = 0;
    for (int l = 0; l < n; l++) {
      is_mapped = is_mapped || loops[l].kind != LOOP_PLAIN;
      if (loops[l].kind == kinds[k].kind && pass_loop_reuses(ir, loops, n, l, &ivs))
        list[count++] = loop_entry(ir, &loops[l], l);
    }
    if (ir_op_is(a->view, "loom.subview"))
      ir_set_attr(a->view, kinds[k].flag, ir_bool_attr(ir, count > 0));
    entries[n_entries++] = mlirNamedAttributeGet(mlirIdentifierGet(ir->mlir, mlirStringRefCreateFromCString(kinds[k].name)), mlirArrayAttrGet(ir->mlir, count, list));
  }
  int64_t bytes = tile_bytes(mlirValueGetType(ir_result(a->view, 0)));
  if (bytes >= 0)
    entries[n_entries++] = mlirNamedAttributeGet(mlirIdentifierGet(ir->mlir, mlirStringRefCreateFromCString("bytes")), ir_int_attr(ir, bytes));
  if (is_mapped)
    ir_set_attr(a->view, "loom.reuse", mlirDictionaryAttrGet(ir->mlir, n_entries, entries));
}

static bool annotate_func(MlirOperation op, void *data) {
  ir_ctx *ir = data;
  pass_accesses all = {0};
  if (!ir_op_is(op, "func.func"))
    return true;
  pass_list_accesses(ir, op, &all);
  for (size_t i = 0; i < all.n; i++)
    annotate(ir, &all.at[i]);
  return true;
}

loom_status pass_analyze_reuse(ir_ctx *ir, MlirOperation module, const pass_options *o) {
  (void)o;
  ir_walk(module, annotate_func, ir);
  return LOOM_OK;
}
