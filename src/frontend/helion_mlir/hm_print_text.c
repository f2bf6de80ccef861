/* Lines, names, types and sizes of the printed function. */
#include "frontend/helion_mlir/hm_print.h"
#include <math.h>
#include <string.h>

void hm_printer_start(hm_printer *p, loom_ctx *ctx, const kernel_graph *k, text *functions, int *n_functions) {
  arena *m = &ctx->mem;
  *p = (hm_printer){.ctx = ctx, .mem = m, .k = k, .constants = text_new(m), .head = text_new(m), .functions = functions, .n_functions = n_functions};
  p->out = &p->head;
  p->builtin = ARENA_NEW_N(m, const char *, k->values.n);
  p->torch = ARENA_NEW_N(m, const char *, k->values.n);
  p->range = ARENA_NEW_N(m, const kernel_range *, k->values.n);
  p->tensor = ARENA_NEW_N(m, const char *, k->tensors.n);
  p->tensor_type = ARENA_NEW_N(m, const char *, k->tensors.n);
  p->is_written = ARENA_NEW_N(m, bool, k->tensors.n);
  p->symbol = ARENA_NEW_N(m, const char *, k->symbols.n);
  p->at_top = ARENA_NEW_N(m, bool, k->symbols.n);
  p->tile = ARENA_NEW_N(m, kernel_value, k->symbols.n);
  for (size_t i = 0; i < k->symbols.n; i++)
    p->tile[i] = -1;
}

/* ---- lines ---- */
static const char *format(hm_printer *p, const char *fmt, __builtin_va_list ap) {
  text t = text_new(p->mem);
  text_vaddf(&t, fmt, ap);
  return text_str(&t);
}

#define FORMATTED(out)                \
  const char *out;                    \
  do {                                \
    __builtin_va_list ap;             \
    __builtin_va_start(ap, fmt);      \
    out = format(p, fmt, ap);         \
    __builtin_va_end(ap);             \
  } while (0)

static void put_line(hm_printer *p, const char *line) { text_addf(p->out, "%*s%s\n", 4 + 2 * p->depth, "", line); }

void hm_put(hm_printer *p, const char *fmt, ...) {
  FORMATTED(line);
  put_line(p, line);
}

static const char *new_name(hm_printer *p) { return arena_printf(p->mem, "%%%d", p->next++); }

static const char *def(hm_printer *p, const char *op) {
  const char *name = new_name(p);
  put_line(p, arena_printf(p->mem, "%s = %s", name, op));
  return name;
}

const char *hm_def(hm_printer *p, const char *fmt, ...) {
  FORMATTED(op);
  return def(p, op);
}

const char *hm_once(hm_printer *p, const char *fmt, ...) {
  FORMATTED(op);
  for (size_t i = 0; i < p->known.n; i++)
    if (text_eq(p->known.at[i].op, op))
      return p->known.at[i].name;
  const char *name = def(p, op);
  vec_push(p->mem, &p->known, ((hm_line){op, name}));
  return name;
}

const char *hm_constant(hm_printer *p, const char *fmt, ...) {
  FORMATTED(op);
  for (size_t i = 0; i < p->known_constants.n; i++)
    if (text_eq(p->known_constants.at[i].op, op))
      return p->known_constants.at[i].name;
  const char *name = new_name(p);
  text_addf(&p->constants, "    %s = %s\n", name, op);
  vec_push(p->mem, &p->known_constants, ((hm_line){op, name}));
  return name;
}

const char *hm_name(hm_printer *p, const char *wish) {
  const char *base = arena_printf(p->mem, "%%%s", text_identifier(p->mem, wish)), *name = base;
  for (int suffix = 1;; suffix++) {
    bool is_taken = false;
    for (size_t i = 0; i < p->names.n && !is_taken; i++)
      is_taken = text_eq(p->names.at[i], name);
    if (!is_taken)
      break;
    name = arena_printf(p->mem, "%s_%d", base, suffix);
  }
  vec_push(p->mem, &p->names, name);
  return name;
}

const char *hm_string(arena *m, const char *s) {
  text t = text_new(m);
  text_add(&t, "\"");
  for (const unsigned char *c = (const unsigned char *)s; *c; c++)
    if (*c == '"' || *c == '\\' || *c < 0x20 || *c == 0x7f)
      text_addf(&t, "\\%02X", *c);
    else
      text_add_bytes(&t, (const char *)c, 1);
  text_add(&t, "\"");
  return text_str(&t);
}

loom_status hm_no_form(hm_printer *p, const char *what) {
  diag_error(p->ctx, p->span, LOOM_EUNSUP, "--stage0-form=helion: %s has no form there", what);
  diag_help(p->ctx, "use --emit kernel, which has all of the kernel");
  return LOOM_EUNSUP;
}

hm_scope hm_open_scope(hm_printer *p) { return (hm_scope){p->known.n, p->cached.n}; }

void hm_close_scope(hm_printer *p, hm_scope s) {
  p->known.n = s.known;
  while (p->cached.n > s.cached) {
    const hm_cached *c = &p->cached.at[--p->cached.n];
    (c->is_torch ? p->torch : p->builtin)[c->value] = NULL;
  }
}

/* ---- sizes ---- */
/* Symbol `i` stands for a number. */
static bool is_number(const kernel_symbol *s) { return s->kind == KERNEL_SYM_SIZE && s->value >= 0 && !s->is_open; }

static bool is_static(const hm_printer *p, const sym_expr *e) {
  if (e->op == SYM_SYM) {
    const kernel_symbol *s = kernel_find_symbol(p->k, e->name);
    return s && is_number(s);
  }
  for (int i = 0; i < 3; i++)
    if (e->arg[i] && !is_static(p, e->arg[i]))
      return false;
  return true;
}

bool hm_static(hm_printer *p, const sym_expr *e, int64_t *out) {
  if (!is_static(p, e))
    return false;
  diag_mark before = diag_save(p->ctx);
  bool ok = kernel_size(p->ctx, p->k, e, NULL, 0, out) == LOOM_OK;
  diag_drop(p->ctx, before);
  return ok;
}

static const sym_expr *known_size(void *data, const char *name) {
  hm_printer *p = data;
  int64_t n;
  return kernel_find_symbol(p->k, name) && hm_static(p, sym_name(p->mem, name), &n) ? sym_const(p->mem, n) : NULL;
}

const sym_expr *hm_known(hm_printer *p, const sym_expr *e) { return sym_subst(p->mem, e, known_size, p); }

const char *hm_block_size(hm_printer *p, const char *block) { return p->symbol[kernel_find_symbol(p->k, block) - p->k->symbols.at]; }

static const char *index_number(hm_printer *p, int64_t n) { return hm_constant(p, "arith.constant %" PRId64 " : index", n); }

/* The extent of the current tile; outside of the loop, of a padded block, the name says which. */
static loom_status tile_size(hm_printer *p, const kernel_symbol *s, size_t i, const char **out) {
  kernel_value tile = p->tile[i];
  if (tile >= 0)
    *out = hm_once(p, "\"helion.tile_size\"(%s) : (index) -> index", p->builtin[tile]);
  else
    *out = hm_once(p, "\"helion.tile_size\"() {block = %s} : () -> index", hm_string(p->mem, s->name));
  return LOOM_OK;
}

static loom_status symbol_size(hm_printer *p, const char *name, const char **out) {
  const kernel_symbol *s = kernel_find_symbol(p->k, name);
  size_t i = s ? (size_t)(s - p->k->symbols.at) : 0;
  if (s && s->kind == KERNEL_SYM_BLOCK)
    return tile_size(p, s, i, out);
  if (!s || !p->symbol[i])
    return hm_no_form(p, arena_printf(p->mem, "the size '%s' here", name));
  *out = p->symbol[i];
  return LOOM_OK;
}

static const char *arith_name(sym_op op) {
  switch (op) {
  case SYM_ADD: return "addi";
  case SYM_SUB: return "subi";
  case SYM_MUL: return "muli";
  case SYM_CEILDIV: return "ceildivsi";
  case SYM_FLOORDIV: return "floordivsi";
  case SYM_MOD: return "remsi";
  case SYM_MIN: return "minsi";
  case SYM_MAX: return "maxsi";
  default: return NULL;
  }
}

loom_status hm_size(hm_printer *p, const sym_expr *e, const char **out) {
  int64_t n;
  const char *a, *b, *name = arith_name(e->op);
  if (hm_static(p, e, &n)) {
    *out = index_number(p, n);
    return LOOM_OK;
  }
  if (e->op == SYM_SYM)
    return symbol_size(p, e->name, out);
  if (!name)
    return hm_no_form(p, arena_printf(p->mem, "a size of the form %s", sym_str(p->mem, e)));
  LOOM_TRY(hm_size(p, e->arg[0], &a));
  LOOM_TRY(hm_size(p, e->arg[1], &b));
  *out = hm_once(p, "arith.%s %s, %s : index", name, a, b);
  return LOOM_OK;
}

loom_status hm_size_or_number(hm_printer *p, const sym_expr *e, const char **out) {
  int64_t n;
  if (!hm_static(p, e, &n))
    return hm_size(p, e, out);
  *out = arena_printf(p->mem, "%" PRId64, n);
  return LOOM_OK;
}

static bool is_known_at_top(const hm_printer *p, const sym_expr *e) {
  if (e->op == SYM_SYM) {
    const kernel_symbol *s = kernel_find_symbol(p->k, e->name);
    return s && (is_number(s) || p->at_top[s - p->k->symbols.at]);
  }
  for (int i = 0; i < 3; i++)
    if (e->arg[i] && !is_known_at_top(p, e->arg[i]))
      return false;
  return true;
}

hm_printer hm_to_top(hm_printer *p) {
  hm_printer inside = *p;
  p->out = &p->head;
  p->depth = 0;
  p->known = p->known_at_top;
  return inside;
}

void hm_from_top(hm_printer *p, const hm_printer *inside) {
  p->known_at_top = p->known;
  p->known = inside->known;
  p->out = inside->out;
  p->depth = inside->depth;
}

loom_status hm_size_at_top(hm_printer *p, const sym_expr *e, const char **out) {
  int64_t n;
  *out = NULL;
  if (hm_static(p, e, &n)) {
    *out = index_number(p, n);
    return LOOM_OK;
  }
  if (!p->in_grid || !is_known_at_top(p, e))
    return LOOM_OK;
  hm_printer inside = hm_to_top(p);
  loom_status st = hm_size(p, e, out);
  hm_from_top(p, &inside);
  return st;
}

/* ---- types ---- */
static const char *dims(hm_printer *p, const kernel_type *t, const char *between) {
  text d = text_new(p->mem);
  for (int i = 0; i < t->rank; i++) {
    int64_t n;
    text_add(&d, i ? between : "");
    if (hm_static(p, t->dim[i], &n))
      text_addf(&d, "%" PRId64, n);
    else
      text_add(&d, "?");
  }
  return text_str(&d);
}

const char *hm_builtin_type(hm_printer *p, const kernel_type *t) {
  return arena_printf(p->mem, "tensor<%s%s%s>", dims(p, t, "x"), t->rank ? "x" : "", dtype_mlir(t->type));
}

const char *hm_torch_type(hm_printer *p, const kernel_type *t) {
  return arena_printf(p->mem, "!torch.vtensor<[%s],%s>", dims(p, t, ","), hm_torch_element(t->type));
}

const char *hm_number(arena *m, dtype t, double x) {
  if (t == DTYPE_BOOL)
    return x != 0 ? "true" : "false";
  if (!dtype_is_float(t))
    return arena_printf(m, "%" PRId64, (int64_t)x);
  if (isfinite(x) && isfinite((float)x))
    return arena_printf(m, "%.17e", x);
  unsigned char bytes[8];
  uint64_t bits = 0;
  dtype_store(t, bytes, x);
  for (size_t i = dtype_bytes(t); i-- > 0;)
    bits = bits << 8 | bytes[i];
  return arena_printf(m, "0x%0*" PRIX64, (int)(2 * dtype_bytes(t)), bits);
}

/* ---- torch's scalars ---- */
const char *hm_torch_constant(hm_printer *p, int64_t v) { return hm_constant(p, "\"torch.constant.int\"() {value = %" PRId64 " : i64} : () -> !torch.int", v); }
const char *hm_torch_bool(hm_printer *p, bool v) { return hm_constant(p, "\"torch.constant.bool\"() {value = %s} : () -> !torch.bool", v ? "true" : "false"); }
const char *hm_torch_none(hm_printer *p) { return hm_constant(p, "\"torch.constant.none\"() : () -> !torch.none"); }

loom_status hm_torch_int(hm_printer *p, const sym_expr *e, const char **out) {
  int64_t n;
  const char *index;
  if (hm_static(p, e, &n)) {
    *out = hm_torch_constant(p, n);
    return LOOM_OK;
  }
  LOOM_TRY(hm_size(p, e, &index));
  *out = hm_once(p, "\"torch_c.from_i64\"(%s) : (i64) -> !torch.int", hm_once(p, "arith.index_cast %s : index to i64", index));
  return LOOM_OK;
}

/* ---- values ---- */
static void remember(hm_printer *p, kernel_value v, const char *name, bool is_torch) {
  (is_torch ? p->torch : p->builtin)[v] = name;
  vec_push(p->mem, &p->cached, ((hm_cached){v, is_torch}));
}

void hm_set_builtin(hm_printer *p, kernel_value v, const char *name) { remember(p, v, name, false); }
void hm_set_torch(hm_printer *p, kernel_value v, const char *name) { remember(p, v, name, true); }

/* Constants are printed where the first one needs them: at the function's head.  What their type rounds keeps its number beside it. */
static const char *literal(hm_printer *p, const kernel_op *op) {
  const kernel_type *t = &p->k->values.at[op->results[0]].type;
  unsigned char bytes[8];
  dtype_store(t->type, bytes, op->fvalue);
  double rounded = dtype_load(t->type, bytes);
  const char *exact = rounded < op->fvalue || rounded > op->fvalue ? arena_printf(p->mem, ", loom.value = %.17e : f64", op->fvalue) : "";
  return hm_constant(p, "\"torch.vtensor.literal\"() {value = dense<%s> : tensor<%s>%s} : () -> %s", hm_number(p->mem, t->type, op->fvalue), dtype_mlir(t->type),
                     exact, hm_torch_type(p, t));
}

loom_status hm_builtin(hm_printer *p, kernel_value v, const char **out) {
  const kernel_type *t = &p->k->values.at[v].type;
  const kernel_op *op = p->k->values.at[v].def;
  if (p->range[v]) {   /* a loop's parameter as data */
    *out = hm_once(p, "tensor.from_elements %s : tensor<i64>", hm_once(p, "arith.index_cast %s : index to i64", p->builtin[v]));
    return LOOM_OK;
  }
  if (!p->builtin[v] && (p->torch[v] || (op && op->kind == KERNEL_CONSTANT))) {
    const char *x;
    LOOM_TRY(hm_torch(p, v, &x));
    hm_set_builtin(p, v, hm_def(p, "\"torch_c.to_builtin_tensor\"(%s) : (%s) -> %s", x, hm_torch_type(p, t), hm_builtin_type(p, t)));
  }
  *out = p->builtin[v];
  return *out ? LOOM_OK : hm_no_form(p, "a function of a scan or reduction that uses values from around it");
}

loom_status hm_torch(hm_printer *p, kernel_value v, const char **out) {
  const kernel_type *t = &p->k->values.at[v].type;
  const kernel_op *op = p->k->values.at[v].def;
  if (op && op->kind == KERNEL_CONSTANT) {
    *out = literal(p, op);
    return LOOM_OK;
  }
  if (!p->torch[v]) {
    const char *x;
    LOOM_TRY(hm_builtin(p, v, &x));
    hm_set_torch(p, v, hm_def(p, "\"torch_c.from_builtin_tensor\"(%s) : (%s) -> %s", x, hm_builtin_type(p, t), hm_torch_type(p, t)));
  }
  *out = p->torch[v];
  return LOOM_OK;
}

loom_status hm_scalar(hm_printer *p, kernel_value v, const char **out) {
  const char *x;
  LOOM_TRY(hm_builtin(p, v, &x));
  *out = hm_once(p, "tensor.extract %s[] : %s", x, hm_builtin_type(p, &p->k->values.at[v].type));
  return LOOM_OK;
}

loom_status hm_index(hm_printer *p, kernel_value v, const char **out) {
  const char *x;
  dtype t = p->k->values.at[v].type.type;
  if (p->range[v]) {
    *out = p->builtin[v];
    return LOOM_OK;
  }
  if (t == DTYPE_U8 || t == DTYPE_BOOL)
    return hm_no_form(p, "an index of type uint8 or bool");
  LOOM_TRY(hm_scalar(p, v, &x));
  *out = hm_once(p, "arith.index_cast %s : %s to index", x, dtype_mlir(t));
  return LOOM_OK;
}

/* ---- generic operations ---- */
hm_operands hm_operands_new(hm_printer *p) { return (hm_operands){text_new(p->mem), text_new(p->mem)}; }

void hm_operand(hm_operands *o, const char *name, const char *type) {
  text_addf(&o->names, "%s%s", o->names.size ? ", " : "", name);
  text_addf(&o->types, "%s%s", o->types.size ? ", " : "", type);
}

loom_status hm_operand_builtin(hm_printer *p, hm_operands *o, kernel_value v) {
  const char *x;
  LOOM_TRY(hm_builtin(p, v, &x));
  hm_operand(o, x, hm_builtin_type(p, &p->k->values.at[v].type));
  return LOOM_OK;
}

loom_status hm_operand_torch(hm_printer *p, hm_operands *o, kernel_value v) {
  const char *x;
  LOOM_TRY(hm_torch(p, v, &x));
  hm_operand(o, x, hm_torch_type(p, &p->k->values.at[v].type));
  return LOOM_OK;
}

loom_status hm_operand_size(hm_printer *p, hm_operands *o, const sym_expr *e) {
  const char *x;
  LOOM_TRY(hm_size(p, e, &x));
  hm_operand(o, x, "index");
  return LOOM_OK;
}

void hm_operand_tuple(hm_printer *p, hm_operands *to, const hm_operands *parts) {
  const char *type = arena_printf(p->mem, "tuple<%s>", text_str(&parts->types));
  hm_operand(to, hm_once(p, "\"torch.prim.TupleConstruct\"(%s) : (%s) -> %s", text_str(&parts->names), text_str(&parts->types), type), type);
}

const char *hm_generic(hm_printer *p, const char *name, const hm_operands *o, const char *attributes, const char *result) {
  const char *op = arena_printf(p->mem, "\"%s\"(%s)%s%s%s : (%s) -> %s", name, text_str(&o->names), *attributes ? " {" : "", attributes, *attributes ? "}" : "",
                                text_str(&o->types), result ? result : "()");
  if (result)
    return def(p, op);
  put_line(p, op);
  return NULL;
}
