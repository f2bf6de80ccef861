#include "nest/nest_buffer.h"
#include "base/text.h"

typedef struct lister {
  arena *mem;
  const nest *n;
  bool always_copies;
  nest_buffers *out;
} lister;

static bool has_name(const nest_buffers *b, const char *name) {
  for (size_t i = 0; i < b->n; i++)
    if (text_eq(b->at[i].name, name))
      return true;
  return false;
}

static nest_buffer *find_value(const nest_buffers *b, int value) {
  for (size_t i = 0; i < b->n; i++)
    if (b->at[i].value == value && b->at[i].kind != NEST_BUFFER_STORE)
      return &b->at[i];
  return NULL;
}

static void add(lister *l, nest_buffer_kind kind, const char *name, dtype type, int value, const nest_node *access) {
  const nest_value *v = &l->n->values.at[value];
  nest_buffer b = {.kind = kind, .name = name ? name : "tile", .type = type, .rank = v->rank, .value = value, .access = access,
                   .is_accumulator = kind == NEST_BUFFER_COMPUTE && v->is_carried};
  for (int d = 0; d < v->rank; d++)
    b.dim[d] = v->dim[d];
  const char *first = b.name;
  for (int i = 2; has_name(l->out, b.name); i++)
    b.name = arena_printf(l->mem, "%s.%d", first, i);
  vec_push(l->mem, l->out, b);
}

/* An accumulator named by several indices shares the buffer of the input it updates. */
static bool updates_in_place(const lister *l, const nest_node *x) {
  int last = x->inputs.n ? x->inputs.at[x->inputs.n - 1] : -1;
  return last >= 0 && last != x->value && l->n->values.at[last].is_carried && l->n->values.at[x->value].is_carried;
}

static void add_store(lister *l, const nest_node *x) {
  const nest_tensor *t = &l->n->tensors.at[x->tensor];
  nest_buffer *made = find_value(l->out, x->value);
  const char *name = nest_access_name(l->mem, l->n, x);
  bool is_copied = l->always_copies || !made || made->kind == NEST_BUFFER_LOAD || made->is_accumulator || made->type != t->type || made->access;
  if (is_copied) {
    add(l, NEST_BUFFER_STORE, name, t->type, x->value, x);
    return;
  }
  if (!has_name(l->out, name))
    made->name = name;
  made->access = x;
}

static void list_body(lister *l, const nest_body *b) {
  for (size_t i = 0; i < b->n; i++) {
    const nest_node *x = b->at[i];
    switch (x->kind) {
    case NEST_LOOP:
      list_body(l, &x->body);
      break;
    case NEST_LOAD:
      add(l, NEST_BUFFER_LOAD, nest_access_name(l->mem, l->n, x), l->n->tensors.at[x->tensor].type, x->value, x);
      break;
    case NEST_STORE:
      add_store(l, x);
      break;
    case NEST_GATHER:
    case NEST_COMPUTE:
      if (!find_value(l->out, x->value) && !updates_in_place(l, x))
        add(l, NEST_BUFFER_COMPUTE, l->n->values.at[x->value].name, l->n->values.at[x->value].type, x->value, NULL);
      break;
    }
  }
}

void nest_list_buffers(arena *m, const nest *n, bool always_copies, nest_buffers *out) {
  lister l = {.mem = m, .n = n, .always_copies = always_copies, .out = out};
  list_body(&l, &n->body);
}

const sym_expr *nest_buffer_elems(arena *m, const nest_buffer *b, int64_t unit) {
  const sym_expr *e = sym_const(m, 1);
  for (int d = 0; d < b->rank; d++) {
    int64_t v;
    bool is_unit = d >= b->rank - 2 && sym_is_const(b->dim[d], &v) && v == 1;
    e = sym_mul(m, e, is_unit ? sym_const(m, unit) : b->dim[d]);
  }
  return e;
}
