/* Sizes: what symbols are worth, and when two sizes are the same. */
#include "frontend/device_ir/dir_private.h"

dir_symbol *dir_find_symbol(dir_program *p, const char *name) {
  for (size_t i = 0; i < p->symbols.n; i++)
    if (text_eq(p->symbols.at[i].name, name))
      return &p->symbols.at[i];
  return NULL;
}

dir_symbol *dir_add_symbol(dir_program *p, const char *name) {
  dir_symbol *s = dir_find_symbol(p, name);
  if (s)
    return s;
  vec_push(p->mem, &p->symbols, ((dir_symbol){.name = name}));
  return &p->symbols.at[p->symbols.n - 1];
}

/* ---- values ---- */
typedef bool lookup(void *data, const char *name, int64_t *out);

static int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b != 0 && (a < 0) != (b < 0)); }

static bool apply(syn_kind op, int64_t a, int64_t b, int64_t *out) {
  switch (op) {
  case SYN_Add: return !__builtin_add_overflow(a, b, out);
  case SYN_Sub: return !__builtin_sub_overflow(a, b, out);
  case SYN_Mult: return !__builtin_mul_overflow(a, b, out);
  case SYN_Div:
  case SYN_FloorDiv:
    if (b == 0 || (b == -1 && a == INT64_MIN))
      return false;
    *out = floor_div(a, b);
    return op == SYN_FloorDiv || a % b == 0;
  case SYN_Mod:
    if (b == 0 || b == -1)
      return false;
    *out = a - floor_div(a, b) * b;
    return true;
  case SYN_Pow:
    *out = 1;
    for (int64_t i = 0; i < b; i++)
      if (i > 62 || __builtin_mul_overflow(*out, a, out))
        return false;
    return b >= 0;
  default: return false;
  }
}

static bool evaluate(const syn_node *e, lookup *f, void *data, int64_t *out);

/* max, min and cdiv of two, as dir_expr.c makes them. */
static bool called(const syn_node *e, lookup *f, void *data, int64_t *out) {
  size_t n;
  const char *name = dir_name_of(syn_child(e, "func"));
  syn_node **args = syn_list(e, "args", &n);
  bool is_max = text_eq(name, "max");
  int64_t by;
  if (text_eq(name, "cdiv")) {
    if (!evaluate(args[0], f, data, out) || !evaluate(args[1], f, data, &by) || by < 1 || *out == INT64_MIN)
      return false;
    *out = -floor_div(-*out, by);
    return true;
  }
  if (!n || !evaluate(args[0], f, data, out))
    return false;
  for (size_t i = 1; i < n; i++) {
    int64_t v;
    if (!evaluate(args[i], f, data, &v))
      return false;
    if (is_max ? v > *out : v < *out)
      *out = v;
  }
  return true;
}

static bool evaluate(const syn_node *e, lookup *f, void *data, int64_t *out) {
  int64_t a, b;
  switch (e ? e->kind : SYN_Other) {
  case SYN_Constant:
    *out = e->integer;
    return e->const_kind == SYN_CONST_INT || e->const_kind == SYN_CONST_BOOL;
  case SYN_Name: return f(data, syn_ident(e, "id"), out);
  case SYN_Call: return called(e, f, data, out);
  case SYN_UnaryOp: return evaluate(syn_child(e, "operand"), f, data, &a) && !__builtin_sub_overflow(0, a, out);   /* dir_expr.c makes minus alone */
  case SYN_BinOp:
    return evaluate(syn_child(e, "left"), f, data, &a) && evaluate(syn_child(e, "right"), f, data, &b) && apply(syn_child(e, "op")->kind, a, b, out);
  default: return false;
  }
}

static bool symbol_value(void *data, const char *name, int64_t *out) {
  dir_program *p = data;
  const dir_symbol *s = dir_find_symbol(p, name);
  if (s && s->has_value) {
    *out = s->value;
    return true;
  }
  return s && s->expr && evaluate(s->expr, symbol_value, data, out);
}

bool dir_known(dir_program *p, const syn_node *e, int64_t *out) { return evaluate(e, symbol_value, p, out); }

/* ---- sizes that end ---- */
static bool spend_parts(dir_program *p, const syn_node *e, int *left) {
  const dir_block *b = dir_block_of_symbol(p, e);
  const dir_symbol *s = dir_name_of(e) ? dir_find_symbol(p, dir_name_of(e)) : NULL;
  const syn_node *behind[] = {b && b->is_reduction ? b->size : NULL, s && !s->has_value ? s->expr : NULL};
  if (--*left < 0)
    return false;
  for (int i = 0; i < 2; i++)
    if (behind[i] && !spend_parts(p, behind[i], left))
      return false;
  for (size_t f = 0; f < e->n_fields; f++) {
    if (e->fields[f].node && !spend_parts(p, e->fields[f].node, left))
      return false;
    for (size_t i = 0; i < e->fields[f].n; i++)
      if (!spend_parts(p, e->fields[f].items[i], left))
        return false;
  }
  return true;
}

loom_status dir_check_sizes(dir_program *p) {
  for (size_t i = 0; i < p->symbols.n; i++)
    if (!spend_parts(p, dir_syn_name(p->mem, LOOM_NOSPAN, p->symbols.at[i].name), &(int){DIR_SIZE_PARTS_MAX}))
      LOOM_FAIL(p->ctx, ((loom_span){.source = p->source}), LOOM_EINPUT, "the size %s needs itself, or more than %d parts", p->symbols.at[i].name, DIR_SIZE_PARTS_MAX);
  for (size_t i = 0; i < p->blocks.n; i++)
    if (p->blocks.at[i].size && !spend_parts(p, p->blocks.at[i].size, &(int){DIR_SIZE_PARTS_MAX}))
      LOOM_FAIL(p->ctx, p->blocks.at[i].span, LOOM_EINPUT, "the size of block %d needs itself, or more than %d parts", p->blocks.at[i].id, DIR_SIZE_PARTS_MAX);
  return LOOM_OK;
}

/* ---- sameness ---- */
/* A number between 3 and 2^12 that depends on the name and the round. */
static bool sample(void *data, const char *name, int64_t *out) {
  uint64_t h = *(const uint64_t *)data * UINT64_C(0x9e3779b97f4a7c15) + 1;
  for (; *name; name++)
    h = (h ^ (unsigned char)*name) * UINT64_C(0x100000001b3);
  *out = 3 + (int64_t)((h ^ (h >> 29)) % 4093);
  return true;
}

bool dir_same_size(const syn_node *a, const syn_node *b) {
  for (uint64_t round = 1; round <= 4; round++) {
    int64_t x, y;
    if (!evaluate(a, sample, &round, &x) || !evaluate(b, sample, &round, &y) || x != y)
      return false;
  }
  return true;
}
