#include "lower/lower_private.h"
#include <math.h>
#include <stdarg.h>
#include <string.h>

void lower_line(lowering *l, const char *fmt, ...) {
  va_list ap;
  for (int i = 0; i < l->depth; i++)
    text_add(&l->out, "  ");
  va_start(ap, fmt);
  text_vaddf(&l->out, fmt, ap);
  va_end(ap);
  text_add(&l->out, "\n");
}

const char *lower_name(lowering *l) { return arena_printf(l->mem, "%%v%d", l->next++); }

void lower_bind(lowering *l, kernel_value v, const char *name, const char *type) { l->values[v] = (lower_value){name, type}; }

const char *lower_literal(lowering *l, dtype t, double v) {
  if (t == DTYPE_BOOL)
    return v != 0 ? "true" : "false";
  if (!dtype_is_float(t))
    return arena_printf(l->mem, "%" PRId64, (int64_t)v);
  if (isnan(v) || isinf(v)) {   /* MLIR spells these by their bits */
    static const struct { dtype t; const char *inf, *ninf, *nan; } bits[] = {{DTYPE_F16, "0x7C00", "0xFC00", "0x7E00"},
                                                                              {DTYPE_BF16, "0x7F80", "0xFF80", "0x7FC0"},
                                                                              {DTYPE_F32, "0x7F800000", "0xFF800000", "0x7FC00000"},
                                                                              {DTYPE_F64, "0x7FF0000000000000", "0xFFF0000000000000", "0x7FF8000000000000"}};
    for (size_t i = 0; i < sizeof bits / sizeof *bits; i++)
      if (bits[i].t == t)
        return isnan(v) ? bits[i].nan : v > 0 ? bits[i].inf : bits[i].ninf;
  }
  return arena_printf(l->mem, "%.17e", v);
}

static const kernel_symbol *block_symbol(const lowering *l, const sym_expr *e) {
  if (e->op != SYM_SYM)
    return NULL;
  const kernel_symbol *s = kernel_find_symbol(l->k, e->name);
  return s && s->kind == KERNEL_SYM_BLOCK && s->value < 0 ? s : NULL;
}

loom_status lower_dim(lowering *l, loom_span span, const sym_expr *e, const char **out_text, const char **out_ssa) {
  if (block_symbol(l, e)) {
    *out_text = "?";
    if (out_ssa)
      *out_ssa = arena_printf(l->mem, "%%%s", text_identifier(l->mem, e->name));
    return LOOM_OK;
  }
  int64_t v;
  for (size_t i = 0; i < l->k->symbols.n; i++)
    if (l->k->symbols.at[i].value < 0 && sym_depends(e, l->k->symbols.at[i].name))
      LOOM_FAIL(l->ctx, span, LOOM_EUNSUP, "a size that is computed from the block size '%s': %s", l->k->symbols.at[i].name, sym_str(l->mem, e));
  LOOM_TRY(kernel_size(l->ctx, l->k, e, NULL, 0, &v));
  *out_text = arena_printf(l->mem, "%" PRId64, v);
  if (out_ssa) {
    *out_ssa = lower_name(l);
    lower_line(l, "%s = arith.constant %" PRId64 " : index", *out_ssa, v);
  }
  return LOOM_OK;
}

loom_status lower_tensor_type(lowering *l, loom_span span, const kernel_type *t, const char **out) {
  if (t->rank == 0) {
    *out = dtype_mlir(t->type);
    return LOOM_OK;
  }
  text s = text_new(l->mem);
  text_add(&s, "tensor<");
  for (int d = 0; d < t->rank; d++) {
    const char *dim;
    LOOM_TRY(lower_dim(l, span, t->dim[d], &dim, NULL));
    text_addf(&s, "%sx", dim);
  }
  text_addf(&s, "%s>", dtype_mlir(t->type));
  *out = text_str(&s);
  return LOOM_OK;
}

loom_status lower_empty(lowering *l, loom_span span, const kernel_type *t, const char **out_name, const char **out_type) {
  text sizes = text_new(l->mem);
  for (int d = 0; d < t->rank; d++) {
    const char *dim, *ssa;
    if (!block_symbol(l, t->dim[d]))
      continue;
    LOOM_TRY(lower_dim(l, span, t->dim[d], &dim, &ssa));
    text_addf(&sizes, sizes.size ? ", %s" : "%s", ssa);
  }
  LOOM_TRY(lower_tensor_type(l, span, t, out_type));
  *out_name = lower_name(l);
  lower_line(l, "%s = tensor.empty(%s) : %s", *out_name, text_str(&sizes), *out_type);
  return LOOM_OK;
}

/* ---- loops ---- */

static loom_status lower_region(lowering *l, const kernel_region *r);

/* Number of tiles of a range, as an SSA index: ceil((end - begin) / block). */
static loom_status lower_trips(lowering *l, loom_span span, const kernel_range *r, const char **out) {
  int64_t begin, end;
  LOOM_TRY(kernel_size(l->ctx, l->k, r->begin, NULL, 0, &begin));
  LOOM_TRY(kernel_size(l->ctx, l->k, r->end, NULL, 0, &end));
  if (begin != 0)
    LOOM_FAIL(l->ctx, span, LOOM_EUNSUP, "a loop that does not begin at 0");
  const char *extent = lower_name(l);
  lower_line(l, "%s = arith.constant %" PRId64 " : index", extent, end);
  if (!r->block) {
    *out = extent;
    return LOOM_OK;
  }
  const char *text_of, *block;
  LOOM_TRY(lower_dim(l, span, sym_name(l->mem, r->block), &text_of, &block));
  *out = lower_name(l);
  lower_line(l, "%s = arith.ceildivui %s, %s : index", *out, extent, block);
  return LOOM_OK;
}

static loom_status lower_parallel(lowering *l, const kernel_op *op) {
  const kernel_region *r = &op->regions[0];
  text ivs = text_new(l->mem), lows = text_new(l->mem), highs = text_new(l->mem);
  for (int i = 0; i < op->n_ranges; i++) {
    const char *trips, *iv = lower_name(l);
    LOOM_TRY(lower_trips(l, op->span, &op->ranges[i], &trips));
    lower_bind(l, r->params.at[i], iv, "index");
    text_addf(&ivs, i ? ", %s" : "%s", iv);
    text_add(&lows, i ? ", 0" : "0");
    text_addf(&highs, i ? ", symbol(%s)" : "symbol(%s)", trips);
  }
  lower_line(l, "affine.parallel (%s) = (%s) to (%s) {", text_str(&ivs), text_str(&lows), text_str(&highs));
  l->depth++;
  LOOM_TRY(lower_region(l, r));
  l->depth--;
  lower_line(l, "}");
  return LOOM_OK;
}

static loom_status lower_loop(lowering *l, const kernel_op *op) {
  const kernel_region *r = &op->regions[0];
  const char *trips, *iv = lower_name(l), *zero = lower_name(l), *one = lower_name(l);
  if (op->n_ranges != 1)
    LOOM_FAIL(l->ctx, op->span, LOOM_EUNSUP, "a sequential loop over several ranges at once");
  LOOM_TRY(lower_trips(l, op->span, &op->ranges[0], &trips));
  lower_line(l, "%s = arith.constant 0 : index", zero);
  lower_line(l, "%s = arith.constant 1 : index", one);
  lower_bind(l, r->params.at[0], iv, "index");
  text args = text_new(l->mem), types = text_new(l->mem), results = text_new(l->mem);
  for (int i = 0; i < op->n_operands; i++) {
    const lower_value *init = &l->values[op->operands[i]];
    const char *arg = lower_name(l), *result = lower_name(l);
    text_addf(&args, "%s%s = %s", i ? ", " : "", arg, init->name);
    text_addf(&types, "%s%s", i ? ", " : "", init->type);
    text_addf(&results, "%s%s", i ? ", " : "", result);
    lower_bind(l, r->params.at[(size_t)i + 1], arg, init->type);
    lower_bind(l, op->results[i], result, init->type);
  }
  if (op->n_operands)
    lower_line(l, "%s = scf.for %s = %s to %s step %s iter_args(%s) -> (%s) {", text_str(&results), iv, zero, trips, one, text_str(&args), text_str(&types));
  else
    lower_line(l, "scf.for %s = %s to %s step %s {", iv, zero, trips, one);
  l->depth++;
  LOOM_TRY(lower_region(l, r));
  l->depth--;
  lower_line(l, "}");
  return LOOM_OK;
}

static void lower_yield(lowering *l, const kernel_op *op) {
  if (op->n_operands == 0)
    return;
  text names = text_new(l->mem), types = text_new(l->mem);
  for (int i = 0; i < op->n_operands; i++) {
    text_addf(&names, "%s%s", i ? ", " : "", l->values[op->operands[i]].name);
    text_addf(&types, "%s%s", i ? ", " : "", l->values[op->operands[i]].type);
  }
  lower_line(l, "scf.yield %s : %s", text_str(&names), text_str(&types));
}

static loom_status lower_op(lowering *l, const kernel_op *op) {
  switch (op->kind) {
  case KERNEL_PARALLEL: return lower_parallel(l, op);
  case KERNEL_LOOP: return lower_loop(l, op);
  case KERNEL_YIELD: lower_yield(l, op); return LOOM_OK;
  case KERNEL_BARRIER: return LOOM_OK;   /* consecutive parallel loops run one after the other */
  case KERNEL_LOAD: return lower_load(l, op);
  case KERNEL_STORE: return lower_store(l, op);
  default: return lower_compute(l, op);
  }
}

static loom_status lower_region(lowering *l, const kernel_region *r) {
  for (size_t i = 0; i < r->ops.n; i++)
    LOOM_TRY(lower_op(l, r->ops.at[i]));
  return LOOM_OK;
}

/* ---- the module ---- */

static loom_status block_extent(lowering *l, const kernel_symbol *s, int64_t *out) {
  if (!s->extent)
    LOOM_FAIL(l->ctx, s->span, LOOM_EUNSUP, "the block size '%s' tiles no range of known size", s->name);
  return kernel_size(l->ctx, l->k, s->extent, NULL, 0, out);
}

static bool is_open_block(const kernel_symbol *s) { return s->kind == KERNEL_SYM_BLOCK && s->value < 0; }

static loom_status print_attributes(lowering *l) {
  text attrs = text_new(l->mem);
  for (size_t i = 0; i < l->k->symbols.n; i++) {
    const kernel_symbol *s = &l->k->symbols.at[i];
    int64_t extent;
    if (!is_open_block(s))
      continue;
    LOOM_TRY(block_extent(l, s, &extent));
    text_addf(&attrs, "%sloom.%s = {is_reduction = %s, upper_bound = %" PRId64 " : index}", attrs.size ? ", " : "", text_identifier(l->mem, s->name),
              s->is_reduction ? "true" : "false", extent);
  }
  lower_line(l, attrs.size ? "module attributes {%s} {" : "module {", text_str(&attrs));
  return LOOM_OK;
}

static loom_status print_argument(lowering *l, text *args, kernel_tensor t) {
  const kernel_tensor_info *info = &l->k->tensors.at[t];
  text type = text_new(l->mem);
  for (int d = 0; d < info->shape.rank; d++) {
    int64_t size;
    LOOM_TRY(kernel_size(l->ctx, l->k, info->shape.dim[d], NULL, 0, &size));
    text_addf(&type, "%" PRId64 "x", size);
  }
  l->tensors[t] = arena_printf(l->mem, "%%%s%s", text_identifier(l->mem, info->name), info->role == KERNEL_ARG ? "_arg" : "__arg");
  text_addf(args, "%s%s: memref<%s%s> {loom.name = \"%s\"}", args->size ? ", " : "", l->tensors[t], text_str(&type), dtype_mlir(info->shape.type), info->name);
  return LOOM_OK;
}

static loom_status print_function(lowering *l) {
  text args = text_new(l->mem);
  for (size_t i = 0; i < l->k->tensors.n; i++)
    if (l->k->tensors.at[i].role == KERNEL_ARG)
      LOOM_TRY(print_argument(l, &args, (kernel_tensor)i));
  for (size_t i = 0; i < l->k->returns.n; i++) {
    kernel_tensor t = l->k->returns.at[i];
    if (l->k->tensors.at[t].role != KERNEL_ALLOC)
      LOOM_FAIL(l->ctx, l->k->tensors.at[t].span, LOOM_EUNSUP, "a kernel that returns %s '%s'; expected a tensor it allocates",
                l->k->tensors.at[t].role == KERNEL_ARG ? "its argument" : "a view", l->k->tensors.at[t].name);
    LOOM_TRY(print_argument(l, &args, t));
  }
  lower_line(l, "func.func @\"%s\"(%s) {", l->k->name, text_str(&args));
  l->depth++;
  for (size_t i = 0; i < l->k->symbols.n; i++) {
    const kernel_symbol *s = &l->k->symbols.at[i];
    int64_t extent;
    if (!is_open_block(s))
      continue;
    LOOM_TRY(block_extent(l, s, &extent));
    const char *name = text_identifier(l->mem, s->name);
    lower_line(l, "%%%s = \"loom.sym\"() {is_reduction = %s, symbol_ref = @%s, upper_bound = %" PRId64 " : index} : () -> index", name,
               s->is_reduction ? "true" : "false", name, extent);
  }
  LOOM_TRY(lower_region(l, &l->k->body));
  lower_line(l, "return");
  l->depth--;
  lower_line(l, "}");
  return LOOM_OK;
}

loom_status lower_kernel(ir_ctx *ir, const kernel_graph *k, LOOM_GIVE MlirModule *out) {
  arena *mem = &ir->ctx->mem;
  lowering l = {.ctx = ir->ctx, .mem = mem, .k = k, .out = text_new(mem)};
  l.values = ARENA_NEW_N(mem, lower_value, k->values.n);
  l.tensors = ARENA_NEW_N(mem, const char *, k->tensors.n);
  LOOM_TRY(print_attributes(&l));
  l.depth++;
  LOOM_TRY(print_function(&l));
  l.depth--;
  lower_line(&l, "}");
  return ir_parse(ir, arena_printf(mem, "stage 0 of %s", k->name), text_str(&l.out), l.out.size, out) == LOOM_OK ? LOOM_OK : LOOM_EBUG;   /* our own text */
}
