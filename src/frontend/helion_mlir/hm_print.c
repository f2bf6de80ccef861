/* The module, its symbols and memory, and control flow; the reading back that proves the text. */
#include "frontend/helion_mlir/hm_print.h"
#include "kernel/kernel_same.h"
#include <string.h>

/* ---- symbols ---- */
static bool needs_identifier(const char *s) { return strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") != strlen(s); }

/* Block sizes, splits and open sizes: name, kind and what is known of them. */
static const char *symbol_attributes(hm_printer *p, const kernel_symbol *s) {
  static const char *const kinds[] = {[KERNEL_SYM_SIZE] = "size", [KERNEL_SYM_TUNABLE] = "tunable"};
  text t = text_new(p->mem);
  int64_t n;
  text_addf(&t, "name = %s", hm_string(p->mem, s->name));
  if (s->kind != KERNEL_SYM_BLOCK)
    text_addf(&t, ", kind = \"%s\"", kinds[s->kind]);
  if (s->kind == KERNEL_SYM_BLOCK)
    text_addf(&t, ", is_reduction = %s", s->is_reduction ? "true" : "false");
  if (s->extent && hm_static(p, s->extent, &n))
    text_addf(&t, ", upper_bound = %" PRId64 " : index", n);
  else if (s->extent)
    text_addf(&t, ", extent = %s", hm_string(p->mem, sym_str(p->mem, s->extent)));
  if (s->value >= 0)
    text_addf(&t, ", value = %" PRId64 " : index", s->value);
  if (s->preferred > 0)
    text_addf(&t, ", preferred = %" PRId64 " : index", s->preferred);
  if (s->divides)
    text_add(&t, ", asure_divisible = true");
  if (s->is_padded)
    text_add(&t, ", is_padded = true");
  return text_str(&t);
}

static void print_symbols(hm_printer *p) {
  for (size_t i = 0; i < p->k->symbols.n; i++) {
    const kernel_symbol *s = &p->k->symbols.at[i];
    bool is_printed = s->kind == KERNEL_SYM_BLOCK || s->kind == KERNEL_SYM_TUNABLE || (s->kind == KERNEL_SYM_SIZE && (s->is_open || s->value < 0));
    p->at_top[i] = is_printed && s->kind != KERNEL_SYM_BLOCK;
    if (!is_printed)
      continue;
    p->symbol[i] = hm_name(p, s->name);
    text_addf(&p->constants, "    %s = \"loom.get_symbol\"() {%s} : () -> index\n", p->symbol[i], symbol_attributes(p, s));
  }
  for (size_t i = 0; i < p->k->symbols.n; i++)
    if (p->k->symbols.at[i].kind == KERNEL_SYM_NOMINAL) {
      p->symbol[i] = hm_block_size(p, p->k->symbols.at[i].block);
      p->at_top[i] = true;
    }
}

/* ---- host memory ---- */
static void find_written(hm_printer *p, const kernel_region *r) {
  for (size_t i = 0; i < r->ops.n; i++) {
    const kernel_op *op = r->ops.at[i];
    kernel_tensor t = op->kind == KERNEL_STORE || op->kind == KERNEL_ATOMIC ? op->tensor : -1;
    while (t >= 0 && p->k->tensors.at[t].role == KERNEL_VIEW)
      t = p->k->tensors.at[t].base;
    if (t >= 0)
      p->is_written[t] = true;
    for (int j = 0; j < op->n_regions; j++)
      find_written(p, &op->regions[j]);
  }
}

/* Sizes that are no numbers, as text: loom.dims. */
static const char *open_dims(hm_printer *p, const kernel_type *t) {
  text d = text_new(p->mem);
  bool is_open = false;
  for (int i = 0; i < t->rank; i++) {
    int64_t n;
    const char *dim = hm_static(p, t->dim[i], &n) ? arena_printf(p->mem, "%" PRId64, n) : sym_str(p->mem, t->dim[i]);
    is_open = is_open || !hm_static(p, t->dim[i], &n);
    text_addf(&d, "%s%s", i ? ", " : "", hm_string(p->mem, dim));
  }
  return is_open ? arena_printf(p->mem, ", loom.dims = [%s]", text_str(&d)) : "";
}

static const char *made_up(hm_printer *p, const kernel_tensor_info *t) {
  static const char *const names[] = {
#define X(n) #n,
      KERNEL_INIT_LIST(X)
#undef X
  };
  if (t->init == KERNEL_INIT_RANDN)
    return "";
  return arena_printf(p->mem, ", loom.init = \"%s\", loom.low = %s : f64, loom.high = %s : f64", names[t->init], hm_number(p->mem, DTYPE_F64, t->init_lo),
                      hm_number(p->mem, DTYPE_F64, t->init_hi));
}

static const char *argument(hm_printer *p, size_t i) {
  const kernel_tensor_info *t = &p->k->tensors.at[i];
  p->tensor[i] = hm_name(p, t->name);
  p->tensor_type[i] = hm_builtin_type(p, &t->shape);
  return arena_printf(p->mem, "%s: %s {loom.name = %s%s%s}", p->tensor[i], p->tensor_type[i], hm_string(p->mem, t->name), open_dims(p, &t->shape), made_up(p, t));
}

static loom_status allocation(hm_printer *p, size_t i) {
  const kernel_tensor_info *t = &p->k->tensors.at[i];
  hm_operands o = hm_operands_new(p);
  int64_t n;
  for (int d = 0; d < t->shape.rank; d++)
    if (!hm_static(p, t->shape.dim[d], &n))
      LOOM_TRY(hm_operand_size(p, &o, t->shape.dim[d]));
  double fill = t->fill == KERNEL_FILL_VALUE ? t->fill_value : 0;
  const char *contents = t->fill == KERNEL_FILL_EMPTY ? "" : arena_printf(p->mem, ", fill_value = %s : f64%s", hm_number(p->mem, DTYPE_F64, fill), t->fill == KERNEL_FILL_ZERO ? ", zeros" : "");
  p->tensor[i] = hm_generic(p, "helion.alloc", &o, arena_printf(p->mem, "name = %s%s", hm_string(p->mem, t->name), contents), p->tensor_type[i]);
  return LOOM_OK;
}

static loom_status view(hm_printer *p, size_t i) {
  const kernel_tensor_info *t = &p->k->tensors.at[i];
  hm_operands o = hm_operands_new(p);
  hm_operand(&o, p->tensor[t->base], p->tensor_type[t->base]);
  LOOM_TRY(hm_operand_size(p, &o, t->offset));
  for (int d = 0; d < t->shape.rank; d++)
    LOOM_TRY(hm_operand_size(p, &o, t->shape.dim[d]));
  for (int d = 0; d < t->shape.rank; d++)
    LOOM_TRY(hm_operand_size(p, &o, t->stride[d]));
  p->tensor[i] = hm_generic(p, "helion.host_ref", &o, arena_printf(p->mem, "name = %s", hm_string(p->mem, t->name)), p->tensor_type[i]);
  return LOOM_OK;
}

static loom_status print_memory(hm_printer *p, const char **out_arguments) {
  text arguments = text_new(p->mem);
  find_written(p, &p->k->body);
  for (size_t i = 0; i < p->k->tensors.n; i++)
    if (p->k->tensors.at[i].role == KERNEL_ARG)
      text_addf(&arguments, "%s%s", arguments.size ? ", " : "", argument(p, i));
  *out_arguments = text_str(&arguments);
  print_symbols(p);
  for (size_t i = 0; i < p->k->tensors.n; i++) {
    const kernel_tensor_info *t = &p->k->tensors.at[i];
    p->span = t->span;
    if (t->role == KERNEL_ARG)
      continue;
    p->tensor_type[i] = hm_builtin_type(p, &t->shape);
    LOOM_TRY(t->role == KERNEL_ALLOC ? allocation(p, i) : view(p, i));
  }
  return LOOM_OK;
}

/* ---- loops ---- */
static void open_range(hm_printer *p, const kernel_range *r, kernel_value param) {
  const char *name = p->k->values.at[param].name;
  p->range[param] = r;
  p->builtin[param] = hm_name(p, arena_printf(p->mem, "iv_%s", r->block ? r->block : name ? name : "i"));
  if (r->block)
    p->tile[kernel_find_symbol(p->k, r->block) - p->k->symbols.at] = param;
}

static void close_range(hm_printer *p, const kernel_range *r) {
  if (r->block)
    p->tile[kernel_find_symbol(p->k, r->block) - p->k->symbols.at] = -1;
}

static bool is_zero(const sym_expr *e) {
  int64_t n;
  return sym_is_const(e, &n) && n == 0;
}

/* Number of tiles, from names for begin and end. */
static const char *tile_count(hm_printer *p, const kernel_range *r, const char *begin, const char *end) {
  const char *block = hm_block_size(p, r->block);
  return is_zero(r->begin) ? hm_once(p, "arith.ceildivsi %s, %s : index", end, block)
                           : hm_once(p, "\"helion.tile_count\"(%s, %s, %s) : (index, index, index) -> index", begin, end, block);
}

static const char *block_attribute(hm_printer *p, const kernel_range *r) { return hm_string(p->mem, r->block ? r->block : ""); }

static loom_status parallel(hm_printer *p, const kernel_op *op) {
  const kernel_region *body = &op->regions[0];
  text ivs = text_new(p->mem), begins = text_new(p->mem), ends = text_new(p->mem), steps = text_new(p->mem), blocks = text_new(p->mem), inside = text_new(p->mem);
  for (int i = 0; i < op->n_ranges; i++) {
    const kernel_range *r = &op->ranges[i];
    const char *begin, *end, *comma = i ? ", " : "";
    int64_t step = 1;
    if (r->step && !hm_static(p, r->step, &step))
      return hm_no_form(p, "a grid with a step that is no number");
    LOOM_TRY(hm_size(p, r->begin, &begin));
    LOOM_TRY(hm_size(p, r->end, &end));
    if (r->block)
      end = tile_count(p, r, begin, end);
    open_range(p, r, body->params.at[i]);
    text_addf(&ivs, "%s%s", comma, p->builtin[body->params.at[i]]);
    text_addf(&begins, "%s%s", comma, r->block || is_zero(r->begin) ? "0" : arena_printf(p->mem, "symbol(%s)", begin));
    text_addf(&ends, "%ssymbol(%s)", comma, end);
    text_addf(&steps, "%s%" PRId64, comma, step);
    text_addf(&blocks, "%s%s", comma, block_attribute(p, r));
  }
  hm_scope scope = hm_open_scope(p);
  p->out = &inside;
  p->in_grid = true;
  p->depth++;
  LOOM_TRY(hm_print_region(p, op, body, NULL));
  p->depth--;
  p->out = &p->head;
  p->in_grid = false;
  hm_close_scope(p, scope);
  hm_put(p, "affine.parallel (%s) = (%s) to (%s) step (%s) {", text_str(&ivs), text_str(&begins), text_str(&ends), text_str(&steps));
  text_add(&p->head, text_str(&inside));
  hm_put(p, "} {loom.block_syms = [%s]}", text_str(&blocks));
  for (int i = 0; i < op->n_ranges; i++)
    close_range(p, &op->ranges[i]);
  return LOOM_OK;
}

/* A size may be a number in one type and open in the other. */
static const char *cast(hm_printer *p, const char *x, const char *from, const char *to) {
  return text_eq(from, to) ? x : hm_def(p, "tensor.cast %s : %s to %s", x, from, to);
}

/* "%0, %1" and "T0, T1" of values; `as`: the values whose types they are to have. */
static loom_status value_list(hm_printer *p, int n, const kernel_value *v, const kernel_value *as, hm_operands *out) {
  *out = hm_operands_new(p);
  for (int i = 0; i < n; i++) {
    const char *x, *to = hm_builtin_type(p, &p->k->values.at[as[i]].type);
    LOOM_TRY(hm_builtin(p, v[i], &x));
    hm_operand(out, cast(p, x, hm_builtin_type(p, &p->k->values.at[v[i]].type), to), to);
  }
  return LOOM_OK;
}

/* "%5:2 = " for the results of `op`. */
static const char *result_names(hm_printer *p, const kernel_op *op, const char **name) {
  if (!op->n_results)
    return *name = "", "";
  *name = arena_printf(p->mem, "%%%d", p->next++);
  return op->n_results > 1 ? arena_printf(p->mem, "%s:%d = ", *name, op->n_results) : arena_printf(p->mem, "%s = ", *name);
}

static const char *result_name(hm_printer *p, const kernel_op *op, const char *name, int i) {
  return op->n_results > 1 ? arena_printf(p->mem, "%s#%d", name, i) : name;
}

/* The value behind a loop is what it was before or what the loop made of it. */
static void join(hm_printer *p, const kernel_op *op, const char *results, const char *const *before) {
  for (int i = 0; i < op->n_results; i++) {
    const char *type = hm_builtin_type(p, &p->k->values.at[op->results[i]].type);
    const char *name = hm_def(p, "\"helion.phi\"(%s, %s) : (%s, %s) -> %s", before[i], result_name(p, op, results, i), type, type, type);
    hm_set_builtin(p, op->results[i], name);
  }
}

static const char *value_type(hm_printer *p, kernel_value v) { return hm_builtin_type(p, &p->k->values.at[v].type); }

/* "(%a = %0, %b = %1) -> (T0, T1)" for the parameters of `r` behind the first `skip`; the types are those of the results. */
static loom_status carried(hm_printer *p, const kernel_op *op, const kernel_region *r, size_t skip, const char **out, const char *const **before, const char **types) {
  const char **names = ARENA_NEW_N(p->mem, const char *, op->n_operands + 1);
  text inits = text_new(p->mem), all = text_new(p->mem);
  for (int i = 0; i < op->n_operands; i++) {
    kernel_value param = r->params.at[skip + (size_t)i];
    const char *type = value_type(p, op->results[i]);
    LOOM_TRY(hm_builtin(p, op->operands[i], &names[i]));
    names[i] = cast(p, names[i], value_type(p, op->operands[i]), type);
    p->builtin[param] = arena_printf(p->mem, "%%%d", p->next++);
    text_addf(&inits, "%s%s = %s", i ? ", " : "", p->builtin[param], names[i]);
    text_addf(&all, "%s%s", i ? ", " : "", type);
  }
  *out = text_str(&inits);
  *types = text_str(&all);
  *before = names;
  return LOOM_OK;
}

/* At the beginning of the region: its parameters with the types they are used with. */
static void cast_params(hm_printer *p, const kernel_op *op, const kernel_region *r, size_t skip) {
  for (int i = 0; i < op->n_results; i++) {
    kernel_value param = r->params.at[skip + (size_t)i];
    p->builtin[param] = cast(p, p->builtin[param], value_type(p, op->results[i]), value_type(p, param));
  }
}

/* affine.for where the function's own level knows the bounds, else scf.for. */
static loom_status loop(hm_printer *p, const kernel_op *op) {
  const kernel_region *body = &op->regions[0];
  const kernel_range *r = &op->ranges[0];
  const char *inits, *types, *results, *begin, *end, *count, *const *before;
  int64_t step = 1;
  bool has_step = !r->step || hm_static(p, r->step, &step);
  LOOM_TRY(carried(p, op, body, 1, &inits, &before, &types));
  if (op->n_operands)
    inits = arena_printf(p->mem, " iter_args(%s) -> (%s)", inits, types);
  LOOM_TRY(hm_size_at_top(p, r->begin, &begin));
  LOOM_TRY(hm_size_at_top(p, r->end, &end));
  bool is_affine = begin && end && has_step && p->in_grid;
  if (!is_affine) {
    LOOM_TRY(hm_size(p, r->begin, &begin));
    LOOM_TRY(hm_size(p, r->end, &end));
  }
  count = end;
  if (r->block && is_affine) {
    hm_printer inside = hm_to_top(p);
    count = tile_count(p, r, begin, end);
    hm_from_top(p, &inside);
  } else if (r->block) {
    count = tile_count(p, r, begin, end);
  }
  const char *first = r->block ? hm_constant(p, "arith.constant 0 : index") : begin, *by = hm_constant(p, "arith.constant %" PRId64 " : index", step);
  if (!has_step)
    LOOM_TRY(hm_size(p, r->step, &by));
  const char *head = result_names(p, op, &results);
  open_range(p, r, body->params.at[0]);
  const char *iv = p->builtin[body->params.at[0]];
  if (is_affine)
    hm_put(p, "%saffine.for %s = %s to %s%s%s {", head, iv, r->block || is_zero(r->begin) ? "0" : first, count, step > 1 ? arena_printf(p->mem, " step %" PRId64, step) : "", inits);
  else
    hm_put(p, "%sscf.for %s = %s to %s step %s%s {", head, iv, first, count, by, inits);
  hm_scope scope = hm_open_scope(p);
  p->depth++;
  cast_params(p, op, body, 1);
  LOOM_TRY(hm_print_region(p, op, body, is_affine ? "affine.yield" : "scf.yield"));
  p->depth--;
  hm_close_scope(p, scope);
  hm_put(p, "} {loom.block_sym = %s}", block_attribute(p, r));
  close_range(p, r);
  join(p, op, results, before);
  return LOOM_OK;
}

static loom_status while_loop(hm_printer *p, const kernel_op *op) {
  const char *inits, *types, *results, *const *before;
  LOOM_TRY(carried(p, op, &op->regions[0], 0, &inits, &before, &types));
  const char *head = result_names(p, op, &results);
  hm_put(p, "%sscf.while (%s) : (%s) -> (%s) {", head, inits, types, types);
  hm_scope scope = hm_open_scope(p);
  p->depth++;
  cast_params(p, op, &op->regions[0], 0);
  LOOM_TRY(hm_print_region(p, op, &op->regions[0], "scf.condition"));
  hm_close_scope(p, scope);
  p->depth--;
  hm_put(p, "} do {");
  text params = text_new(p->mem);
  for (size_t i = 0; i < op->regions[1].params.n; i++) {
    kernel_value v = op->regions[1].params.at[i];
    p->builtin[v] = arena_printf(p->mem, "%%%d", p->next++);
    text_addf(&params, "%s%s: %s", i ? ", " : "", p->builtin[v], value_type(p, op->results[i]));
  }
  if (params.size)
    hm_put(p, "^bb0(%s):", text_str(&params));
  p->depth++;
  cast_params(p, op, &op->regions[1], 0);
  LOOM_TRY(hm_print_region(p, op, &op->regions[1], "scf.yield"));
  p->depth--;
  hm_close_scope(p, scope);
  hm_put(p, "}");
  for (int i = 0; i < op->n_results; i++)
    hm_set_builtin(p, op->results[i], result_name(p, op, results, i));
  return LOOM_OK;
}

static loom_status branch(hm_printer *p, const kernel_op *op) {
  const char *condition, *results;
  text types = text_new(p->mem);
  LOOM_TRY(hm_scalar(p, op->operands[0], &condition));
  for (int i = 0; i < op->n_results; i++)
    text_addf(&types, "%s%s", i ? ", " : "", hm_builtin_type(p, &p->k->values.at[op->results[i]].type));
  const char *head = result_names(p, op, &results);
  hm_put(p, "%sscf.if %s%s {", head, condition, op->n_results ? arena_printf(p->mem, " -> (%s)", text_str(&types)) : "");
  hm_scope scope = hm_open_scope(p);
  for (int r = 0; r < 2; r++) {
    p->depth++;
    LOOM_TRY(hm_print_region(p, op, &op->regions[r], "scf.yield"));
    p->depth--;
    hm_close_scope(p, scope);
    hm_put(p, r ? "}" : "} else {");
  }
  for (int i = 0; i < op->n_results; i++)
    hm_set_builtin(p, op->results[i], result_name(p, op, results, i));
  return LOOM_OK;
}

/* ---- regions ---- */
/* The last operation.  scf.condition passes on what the region was given. */
static loom_status yield(hm_printer *p, const kernel_op *around, const kernel_region *r, const kernel_op *op, const char *name) {
  const char *condition = "";
  hm_operands o;
  bool is_condition = text_eq(name, "scf.condition");
  if (is_condition) {
    LOOM_TRY(hm_scalar(p, op->operands[0], &condition));
    condition = arena_printf(p->mem, "(%s)", condition);
  }
  bool is_element = around->kind == KERNEL_SCAN || around->kind == KERNEL_FOLD;
  LOOM_TRY(is_condition ? value_list(p, (int)r->params.n, r->params.at, around->results, &o)
                        : value_list(p, op->n_operands, op->operands, is_element ? op->operands : around->results, &o));
  if (o.names.size)
    hm_put(p, "%s%s %s : %s", name, condition, text_str(&o.names), text_str(&o.types));
  else if (is_condition)
    hm_put(p, "%s%s", name, condition);
  return LOOM_OK;
}

/* A size that data decides: from here on it has a name. */
static loom_status bind(hm_printer *p, const kernel_op *op) {
  const kernel_symbol *s = kernel_find_symbol(p->k, op->expr->name);
  size_t i = (size_t)(s - p->k->symbols.at);
  hm_operands o = hm_operands_new(p);
  p->at_top[i] = !p->in_grid && p->depth == 0;
  if (p->range[op->operands[0]] && !p->range[op->operands[0]]->block) {   /* the index itself */
    p->symbol[i] = p->builtin[op->operands[0]];
    return LOOM_OK;
  }
  LOOM_TRY(hm_operand_builtin(p, &o, op->operands[0]));
  p->symbol[i] = hm_generic(p, "helion.item", &o, "", "index");
  return LOOM_OK;
}

static loom_status print_op(hm_printer *p, const kernel_op *around, const kernel_region *r, const kernel_op *op, const char *yield_name) {
  p->span = op->span;
  switch (op->kind) {
  case KERNEL_PARALLEL: return parallel(p, op);
  case KERNEL_LOOP: return loop(p, op);
  case KERNEL_WHILE: return while_loop(p, op);
  case KERNEL_IF: return branch(p, op);
  case KERNEL_YIELD: return yield(p, around, r, op, yield_name);
  case KERNEL_BARRIER: hm_put(p, "\"helion.barrier\"() : () -> ()"); return LOOM_OK;
  case KERNEL_BIND: return bind(p, op);
  case KERNEL_LOAD: return hm_print_load(p, op);
  case KERNEL_STORE: return hm_print_store(p, op);
  case KERNEL_ATOMIC: return hm_print_atomic(p, op);
  default: return hm_print_compute(p, op);
  }
}

loom_status hm_print_region(hm_printer *p, const kernel_op *around, const kernel_region *r, const char *yield_name) {
  for (size_t i = 0; i < r->ops.n; i++)
    LOOM_TRY(print_op(p, around, r, r->ops.at[i], yield_name));
  return LOOM_OK;
}

loom_status hm_print_function(hm_printer *p, const kernel_op *op, const char **out) {
  const kernel_region *r = &op->regions[0];
  hm_printer inner;
  text params = text_new(p->mem), types = text_new(p->mem);
  hm_printer_start(&inner, p->ctx, p->k, p->functions, p->n_functions);
  *out = arena_printf(p->mem, "combine_%d", (*p->n_functions)++);
  inner.span = op->span;
  for (size_t i = 0; i < r->params.n; i++) {
    kernel_value v = r->params.at[i];
    inner.builtin[v] = arena_printf(p->mem, "%%%d", inner.next++);
    text_addf(&params, "%s%s: %s", i ? ", " : "", inner.builtin[v], hm_builtin_type(p, &p->k->values.at[v].type));
  }
  for (int i = 0; i < op->n_results; i++)
    text_addf(&types, "%stensor<%s>", i ? ", " : "", dtype_mlir(p->k->values.at[op->results[i]].type.type));
  LOOM_TRY(hm_print_region(&inner, op, r, "return"));
  text_addf(p->functions, "  func.func private @%s(%s) -> (%s) {\n%s%s  }\n", *out, text_str(&params), text_str(&types), text_str(&inner.constants), text_str(&inner.head));
  return LOOM_OK;
}

/* ---- the module ---- */
static const char *guards(hm_printer *p) {
  text t = text_new(p->mem);
  for (size_t i = 0; i < p->k->guards.n; i++)
    text_addf(&t, "%s%s", i ? ", " : "", hm_string(p->mem, sym_str(p->mem, hm_known(p, p->k->guards.at[i].holds))));
  return p->k->guards.n ? arena_printf(p->mem, ", loom.guards = [%s]", text_str(&t)) : "";
}

static loom_status print_module(loom_ctx *ctx, const kernel_graph *k, const char **out) {
  hm_printer p;
  text functions = text_new(&ctx->mem), types = text_new(&ctx->mem), names = text_new(&ctx->mem), places = text_new(&ctx->mem);
  const char *arguments;
  int n_functions = 0;
  bool has_none = false;
  hm_printer_start(&p, ctx, k, &functions, &n_functions);
  LOOM_TRY(print_memory(&p, &arguments));
  LOOM_TRY(hm_print_region(&p, NULL, &k->body, NULL));
  for (size_t i = 0; i < k->returns.n; i++) {
    kernel_tensor t = k->returns.at[i];
    has_none = has_none || t < 0;
    text_addf(&places, "%s%s", i ? ", " : "", t < 0 ? "false" : "true");
    if (t >= 0) {
      text_addf(&names, "%s%s", names.size ? ", " : "", p.tensor[t]);
      text_addf(&types, "%s%s", types.size ? ", " : "", p.tensor_type[t]);
    }
  }
  const char *name = needs_identifier(k->name) ? hm_string(&ctx->mem, k->name) : k->name;
  *out = arena_printf(&ctx->mem, "module attributes {loom.form = \"helion\", loom.style = %s%s} {\n%s  func.func @%s(%s) -> (%s)%s {\n%s%s    return%s%s%s%s\n  }\n}\n",
                      hm_string(&ctx->mem, k->style), guards(&p), text_str(&functions), name, arguments, text_str(&types),
                      has_none ? arena_printf(&ctx->mem, " attributes {loom.returned = [%s]}", text_str(&places)) : "", text_str(&p.constants), text_str(&p.head),
                      names.size ? " " : "", text_str(&names), names.size ? " : " : "", text_str(&types));
  return LOOM_OK;
}

loom_status helion_mlir_print(ir_ctx *ir, const kernel_graph *k, const char **out) {
  loom_ctx *ctx = ir->ctx;
  kernel_graph *again = NULL;
  const char *why = NULL;
  LOOM_TRY(print_module(ctx, k, out));
  if (helion_mlir_read(ir, "<stage-0>", *out, strlen(*out), &again) != LOOM_OK)
    return diag_error(ctx, LOOM_NOSPAN, LOOM_EBUG, "the text made for kernel %s cannot be read back (above); this is a fault of Loom", k->name);
  if (!kernel_same(&ctx->mem, k, again, false, &why, NULL))
    return diag_error(ctx, LOOM_NOSPAN, LOOM_EBUG, "the text made for kernel %s is another kernel: %s; this is a fault of Loom", k->name, why);
  return LOOM_OK;
}
