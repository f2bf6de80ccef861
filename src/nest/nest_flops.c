/* One tile a loop: with every block as large as its loop, the nodes' own sizes are those of the whole kernel. */
#include "nest/nest_flops.h"
#include "nest/nest_leaf.h"
#include <string.h>

typedef struct counter { loom_ctx *ctx; const nest *n; sym_binding *sizes; bool is_known; int64_t products; } counter;

static int64_t value_of(counter *c, const sym_expr *e) {
  int64_t v = 0;
  if (c->is_known && sym_eval(c->ctx, e, c->sizes, c->n->symbols.n, &v) != LOOM_OK)
    c->is_known = false;
  return v;
}

/* `a` is 0 or more, or nothing is known any more. */
static int64_t times(counter *c, int64_t a, int64_t b) {
  int64_t p = 0;
  if (b < 0 || __builtin_mul_overflow(a, b, &p))
    c->is_known = false;
  return p;
}

static int64_t plus(counter *c, int64_t a, int64_t b) {
  int64_t sum = 0;
  if (__builtin_add_overflow(a, b, &sum))
    c->is_known = false;
  return sum;
}

static void bind_sizes(counter *c) {
  const nest *n = c->n;
  c->sizes = ARENA_NEW_N(&c->ctx->scratch, sym_binding, n->symbols.n);
  for (size_t i = 0; i < n->symbols.n; i++)
    c->sizes[i] = (sym_binding){n->symbols.at[i].name, n->symbols.at[i].fixed > 0 ? n->symbols.at[i].fixed : 1};
  for (size_t i = 0; i < n->symbols.n; i++)
    if (n->symbols.at[i].fixed <= 0 && !n->symbols.at[i].covers_one)
      c->sizes[i].value = value_of(c, n->symbols.at[i].upper_bound);
}

static int64_t trips(counter *c, int loop) {
  const nest_loop *l = &c->n->loops.at[loop];
  int64_t extent = value_of(c, nest_at_last_iterators(&c->ctx->scratch, c->n, l->extent)), size = 1;
  for (size_t i = 0; i < c->n->symbols.n; i++)
    if (strcmp(c->n->symbols.at[i].name, l->block) == 0)
      size = c->sizes[i].value;
  if (size < 1)
    c->is_known = false;
  return c->is_known ? extent / size + (extent % size != 0) : 0;
}

static int64_t of_leaf(counter *c, const nest_leaf *l) {
  int64_t n = strstr(l->func, "matmul") ? 2 : 1;
  for (int i = 0; i < l->n_args; i++)
    n = times(c, n, value_of(c, l->arg[i].value));
  return n;
}

static int64_t of_body(counter *c, const nest_body *body, int64_t each) {
  int64_t sum = 0;
  for (size_t i = 0; i < body->n; i++) {
    const nest_node *x = body->at[i];
    nest_leaf *leaves = ARENA_NEW_N(&c->ctx->scratch, nest_leaf, nest_leaves_most(x));
    int64_t here = x->kind == NEST_LOOP ? of_body(c, &x->body, times(c, each, trips(c, x->loop))) : 0;
    size_t n = x->kind == NEST_COMPUTE ? nest_node_leaves(&c->ctx->scratch, c->n, x, NULL, NULL, 0, leaves) : 0;
    int64_t rounds = x->only_first >= 0 && n > 0 ? trips(c, x->only_first) : 1;
    int64_t runs = each / (rounds > 0 ? rounds : 1);
    for (size_t k = 0; k < n; k++) {
      int64_t leaf = times(c, runs, of_leaf(c, &leaves[k]));
      here = plus(c, here, leaf);
      c->products = plus(c, c->products, strstr(leaves[k].func, "matmul") ? leaf : 0);
    }
    sum = plus(c, sum, here);
  }
  return c->is_known ? sum : 0;
}

int64_t nest_flops_of(loom_ctx *ctx, const nest *n, int64_t *out_products) {
  arena_mark mark = arena_save(&ctx->scratch);
  diag_mark before = diag_save(ctx);
  counter c = {.ctx = ctx, .n = n, .is_known = true};
  int64_t each = 1;
  bind_sizes(&c);
  for (int i = 0; i < n->n_parallel; i++)
    each = times(&c, each, trips(&c, i));
  int64_t flops = of_body(&c, &n->body, each);
  diag_drop(ctx, before);
  arena_release(&ctx->scratch, mark);
  *out_products = c.is_known ? c.products : 0;
  return c.is_known ? flops : -1;
}

int64_t nest_flops(loom_ctx *ctx, const nest *n) {
  int64_t products;
  return nest_flops_of(ctx, n, &products);
}
