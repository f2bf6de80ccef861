#include "nest/nest_live.h"
#include "base/text.h"

typedef struct liver {
  arena *mem;
  const nest *n;
  bool direct_store;
  nest_lives *out;
  int position;
  int *first, *last;        /* by value; -1: not met */
  int *home;                /* by value: loop it is made in, -1: none */
  int *life;                /* by value: its life (not the copies'), -1: none */
} liver;

/* ---- from when to when ---- */

/* The outermost loop around position `now` that is not around the value's birth: the value lives to its end. */
static int loop_to_outlive(const liver *v, int value, int loop) {
  int found = -1;
  for (int l = loop; l >= 0 && l != v->home[value]; l = v->n->loops.at[l].parent)
    found = l;
  return found;
}

typedef struct touch { int value, loop; } touch;
typedef VEC_OF(touch) touch_list;

static void touch_value(liver *v, int value, int loop, touch_list *open) {
  if (v->first[value] < 0) {
    v->first[value] = v->position;
    v->home[value] = loop;
  }
  if (v->last[value] < v->position)
    v->last[value] = v->position;
  int outlived = loop_to_outlive(v, value, loop);
  if (outlived >= 0)
    vec_push(v->mem, open, ((touch){value, outlived}));
}

static void find_positions(liver *v, const nest_body *b, int loop, touch_list *open) {
  for (size_t i = 0; i < b->n; i++) {
    const nest_node *x = b->at[i];
    if (x->kind == NEST_LOOP) {
      v->position++;
      find_positions(v, &x->body, x->loop, open);
      for (size_t k = 0; k < open->n; k++)
        if (open->at[k].loop == x->loop)
          v->last[open->at[k].value] = v->position;
    } else {
      for (size_t k = 0; k < x->inputs.n; k++)
        touch_value(v, x->inputs.at[k], loop, open);
      touch_value(v, x->value, loop, open);
    }
    v->position++;
  }
}

/* ---- whose ---- */

static bool has_name(const nest_lives *l, const char *name) {
  for (size_t i = 0; i < l->n; i++)
    if (text_eq(l->at[i].name, name))
      return true;
  return false;
}

static const char *unique_name(const liver *v, const char *name) {
  const char *made = name;
  for (int i = 2; has_name(v->out, made); i++)
    made = arena_printf(v->mem, "%s.%d", name, i);
  return made;
}

static int add_life(liver *v, int value, const char *name, dtype type, nest_owner owner, const nest_node *access) {
  const nest_value *x = &v->n->values.at[value];
  nest_life l = {.value = value, .name = unique_name(v, name ? name : "tile"), .type = type, .rank = x->rank, .first = v->first[value],
                 .last = v->last[value], .same_as = -1, .owner = owner, .memory = x->memory, .access = access};
  for (int d = 0; d < x->rank; d++)
    l.dim[d] = x->dim[d];
  vec_push(v->mem, v->out, l);
  return (int)v->out->n - 1;
}

/* What leaves the core leaves from where it was computed, or from a copy. */
static void add_leaving(liver *v, const nest_node *x, int value, dtype type, const char *name) {
  nest_life *made = &v->out->at[v->life[value]];
  bool is_last = v->last[value] == v->position, is_free = made->owner == NEST_OWNED_BY_COMPUTE;
  if (is_free && is_last && made->type == type && (v->direct_store || !v->n->values.at[value].is_carried)) {
    made->owner = NEST_OWNED_BY_WRITER;
    made->access = x;
    if (x->kind == NEST_STORE)
      made->name = unique_name(v, name);
    return;
  }
  int number = add_life(v, value, name, type, NEST_OWNED_BY_WRITER, x);      /* the list may move */
  nest_life *copy = &v->out->at[number];
  copy->first = copy->last = v->position;
  copy->is_copy = true;
}

static void add_lives(liver *v, const nest_body *b) {
  for (size_t i = 0; i < b->n; i++) {
    const nest_node *x = b->at[i];
    const nest_value *made = &v->n->values.at[x->value];
    const char *access = x->kind == NEST_LOAD || x->kind == NEST_STORE ? nest_access_name(v->mem, v->n, x) : NULL;
    switch (x->kind) {
    case NEST_LOOP:
      v->position++;
      add_lives(v, &x->body);
      break;
    case NEST_LOAD:
      v->life[x->value] = add_life(v, x->value, access, v->n->tensors.at[x->tensor].type, NEST_OWNED_BY_READER, x);
      break;
    case NEST_STORE:
      add_leaving(v, x, x->value, v->n->tensors.at[x->tensor].type, access);
      break;
    case NEST_GATHER:
      add_leaving(v, x, x->inputs.at[0], made->type, arena_printf(v->mem, "%s.sent", v->n->values.at[x->inputs.at[0]].name));
      v->life[x->value] = add_life(v, x->value, made->name, made->type, NEST_OWNED_BY_READER, x);
      break;
    case NEST_COMPUTE:
      if (v->life[x->value] < 0)
        v->life[x->value] = add_life(v, x->value, made->name, made->type, NEST_OWNED_BY_COMPUTE, NULL);
      break;
    }
    v->position++;
  }
}

/* ---- whose bytes ---- */

static bool same_bytes(const nest_life *a, const nest_life *b) {
  bool is_same = a->rank == b->rank && a->type == b->type && a->memory == b->memory;
  for (int d = 0; is_same && d < a->rank; d++)
    is_same = sym_equal(a->dim[d], b->dim[d]);
  return is_same;
}

/* Does `x` read `value`, and only where it writes its result? */
static bool reads_in_place(const nest_node *x, int value) {
  bool reads = false;
  for (size_t i = 0; i < x->inputs.n; i++) {
    if (x->inputs.at[i] != value)
      continue;
    if (i >= 32 || !(x->same_place >> i & 1))
      return false;
    reads = true;
  }
  return reads;
}

static bool names(const nest_node *x, int value) {
  if (x->kind == NEST_LOOP) {
    for (size_t i = 0; i < x->body.n; i++)
      if (names(x->body.at[i], value))
        return true;
    return false;
  }
  for (size_t i = 0; i < x->inputs.n; i++)
    if (x->inputs.at[i] == value)
      return true;
  return x->value == value;
}

/* The new value is born in this body, after (or element by element at) the last use of the old one. */
static bool can_be_born_in(const nest_body *b, const nest_node *move, int next) {
  size_t birth = 0;
  while (birth < b->n && !names(b->at[birth], next))
    birth++;
  if (birth == b->n || b->at[birth] == move || b->at[birth]->kind == NEST_LOOP)
    return false;
  const nest_node *def = b->at[birth];
  if (names(def, move->value) && (def->value == move->value || !reads_in_place(def, move->value)))
    return false;
  for (size_t i = birth + 1; i < b->n; i++)
    if (b->at[i] != move && names(b->at[i], move->value))
      return false;
  return true;
}

static void share_move(liver *v, const nest_body *b, const nest_node *move) {
  int next = move->inputs.at[0], old = v->life[move->value];
  nest_life *life = &v->out->at[v->life[next]];
  bool is_own = life->owner == NEST_OWNED_BY_COMPUTE && life->same_as < 0 && !v->n->values.at[next].is_carried && life->last == v->position;
  if (!is_own || !same_bytes(life, &v->out->at[old]) || !can_be_born_in(b, move, next))
    return;
  life->same_as = old;
  life->owner = v->out->at[old].owner;
}

static void share_moves(liver *v, const nest_body *b) {
  for (size_t i = 0; i < b->n; i++) {
    const nest_node *x = b->at[i];
    if (x->kind == NEST_LOOP) {
      v->position++;
      share_moves(v, &x->body);
    } else if (x->is_move) {
      share_move(v, b, x);
    }
    v->position++;
  }
}

static void share_operands(liver *v, const nest_body *b) {
  for (size_t i = 0; i < b->n; i++) {
    const nest_node *x = b->at[i];
    if (x->kind == NEST_LOOP) {
      v->position++;
      share_operands(v, &x->body);
    }
    nest_life *made = x->kind == NEST_COMPUTE ? &v->out->at[v->life[x->value]] : NULL;
    bool is_birth = made && made->owner == NEST_OWNED_BY_COMPUTE && made->same_as < 0 && made->first == v->position;
    for (size_t k = 0; is_birth && k < x->inputs.n && made->same_as < 0; k++) {
      int from = v->life[x->inputs.at[k]];
      const nest_life *dying = &v->out->at[from];
      if (dying != made && dying->owner == NEST_OWNED_BY_COMPUTE && dying->last == v->position && same_bytes(made, dying) &&
          reads_in_place(x, x->inputs.at[k]))
        made->same_as = from;
    }
    v->position++;
  }
}

static int *all_minus_one(arena *m, size_t n) {
  int *a = ARENA_NEW_N(m, int, n + 1);
  for (size_t i = 0; i < n; i++)
    a[i] = -1;
  return a;
}

void nest_list_lives(arena *m, const nest *n, bool direct_store, nest_lives *out) {
  size_t count = n->values.n;
  liver v = {.mem = m, .n = n, .direct_store = direct_store, .out = out, .first = all_minus_one(m, count), .last = all_minus_one(m, count),
             .home = all_minus_one(m, count), .life = all_minus_one(m, count)};
  touch_list open = {0};
  find_positions(&v, &n->body, -1, &open);
  v.position = 0;
  add_lives(&v, &n->body);
  v.position = 0;
  share_moves(&v, &n->body);
  v.position = 0;
  share_operands(&v, &n->body);
}

int nest_life_root(const nest_lives *l, int i) {
  while (l->at[i].same_as >= 0)
    i = l->at[i].same_as;
  return i;
}

bool nest_move_is_free(const nest_lives *l, const nest_node *move) {
  int root[2] = {-1, -2};
  for (size_t i = 0; i < l->n; i++)
    for (int k = 0; k < 2; k++)
      if (!l->at[i].is_copy && l->at[i].value == (k ? move->value : move->inputs.at[0]))
        root[k] = nest_life_root(l, (int)i);
  return root[0] == root[1];
}
