/* Well-formedness: what every consumer may rely on without looking again (indices, ranks, expressions, sizes). */
#include "tog/tog_private.h"
#include <string.h>

enum { SLOT_ALIGN = 8 /* bytes: the largest element */, EXPR_DEPTH_MAX = 256, CORES_MAX = 1 << 16, DEPTH_SLOTS_MAX = 1 << 12 };
#define TENSOR_BYTES_MAX ((int64_t)1 << 42)
#define BUFFER_BYTES_MAX ((int64_t)1 << 36)

typedef struct checker {
  loom_ctx *ctx;
  const tog *t;
  const char *scope[TOG_MESH_MAX + TOG_DEPTH_MAX];   /* mesh dims, then the variables of the enclosing loops */
  int n_scope;
  int next_id;
} checker;

#define BAD(c, ...) return diag_error((c)->ctx, LOOM_NOSPAN, LOOM_EINPUT, __VA_ARGS__)

/* ---- expressions ---- */

static bool in_scope(const checker *c, const char *name) {
  for (int i = 0; i < c->n_scope; i++)
    if (strcmp(c->scope[i], name) == 0)
      return true;
  return false;
}

/* The first symbol that is not in scope; NULL when all are.  *too_deep: nested beyond the limit. */
static const char *unknown_symbol(const checker *c, const sym_expr *e, int depth, bool *too_deep) {
  if (depth > EXPR_DEPTH_MAX) {
    *too_deep = true;
    return NULL;
  }
  if (e->op == SYM_SYM)
    return in_scope(c, e->name) ? NULL : e->name;
  for (int i = 0; i < 3; i++)
    if (e->arg[i]) {
      const char *name = unknown_symbol(c, e->arg[i], depth + 1, too_deep);
      if (name || *too_deep)
        return name;
    }
  return NULL;
}

static loom_status check_expr(checker *c, const tog_node *n, const char *what, const sym_expr *e) {
  if (!e)
    BAD(c, "%s of %s is missing", what, tog_node_title(&c->ctx->mem, n));
  bool too_deep = false;
  const char *name = unknown_symbol(c, e, 0, &too_deep);
  if (too_deep)
    BAD(c, "%s of %s is nested deeper than %d", what, tog_node_title(&c->ctx->mem, n), EXPR_DEPTH_MAX);
  if (name) {
    diag_error(c->ctx, LOOM_NOSPAN, LOOM_EINPUT, "%s of %s uses '%s', which is neither a mesh dim nor an enclosing loop's variable", what,
               tog_node_title(&c->ctx->mem, n), name);
    const char *near = diag_nearest(name, c->scope, (size_t)c->n_scope);
    if (near)
      diag_help(c->ctx, "did you mean '%s'?", near);
    return LOOM_EINPUT;
  }
  return LOOM_OK;
}

/* ---- declarations ---- */

/* The bytes of `rank` extents of `type`; false when an extent is below 1 or the product exceeds `limit`. */
static bool shape_bytes(const int64_t *shape, int rank, dtype type, int64_t limit, int64_t *out) {
  int64_t p = (int64_t)dtype_bytes(type);
  for (int d = 0; d < rank; d++)
    if (shape[d] < 1 || __builtin_mul_overflow(p, shape[d], &p) || p > limit)
      return false;
  *out = p;
  return true;
}

static loom_status check_mesh(checker *c) {
  const tog *t = c->t;
  if (t->n_mesh < 1 || t->n_mesh > TOG_MESH_MAX)
    BAD(c, "the mesh has %d dims; must be 1..%d", t->n_mesh, TOG_MESH_MAX);
  int64_t cores = 1;
  for (int d = 0; d < t->n_mesh; d++) {
    if (!t->mesh_name[d] || !*t->mesh_name[d])
      BAD(c, "mesh dim %d has no name", d);
    if (in_scope(c, t->mesh_name[d]))
      BAD(c, "two mesh dims are called '%s'", t->mesh_name[d]);
    c->scope[c->n_scope++] = t->mesh_name[d];
    if (t->mesh_size[d] < 1 || t->mesh_size[d] > CORES_MAX || (cores *= t->mesh_size[d]) > CORES_MAX)
      BAD(c, "mesh dim '%s' has size %" PRId64 "; sizes must be at least 1 and the mesh at most %d cores", t->mesh_name[d], t->mesh_size[d], CORES_MAX);
  }
  return LOOM_OK;
}

static loom_status check_tensor(checker *c, const tog_tensor *x) {
  int64_t bytes;
  if (!x->name || !*x->name)
    BAD(c, "a tensor has no name");
  if ((unsigned)x->type >= DTYPE_COUNT || x->rank < 0 || x->rank > TOG_RANK_MAX)
    BAD(c, "tensor '%s' has rank %d; must be 0..%d, with a known dtype", x->name, x->rank, TOG_RANK_MAX);
  if (!shape_bytes(x->shape, x->rank, x->type, TENSOR_BYTES_MAX, &bytes))
    BAD(c, "the shape of tensor '%s' has an extent below 1 or more than 2^42 bytes", x->name);
  return tog_check_l1_place(c->ctx, x);
}

static loom_status check_buffer(checker *c, const tog_buffer *b) {
  int64_t bytes;
  if (!b->name || !*b->name)
    BAD(c, "a buffer has no name");
  if ((unsigned)b->type >= DTYPE_COUNT || b->rank < 0 || b->rank > TOG_RANK_MAX)
    BAD(c, "buffer '%s' has rank %d; must be 0..%d, with a known dtype", b->name, b->rank, TOG_RANK_MAX);
  if (!shape_bytes(b->shape, b->rank, b->type, BUFFER_BYTES_MAX, &bytes))
    BAD(c, "the shape of buffer '%s' has an extent below 1 or more than 2^36 bytes", b->name);
  if (b->depth < 1 || b->depth > DEPTH_SLOTS_MAX)
    BAD(c, "buffer '%s' has depth %d; must be 1..%d", b->name, b->depth, DEPTH_SLOTS_MAX);
  if (b->bytes < 0 || b->bytes > BUFFER_BYTES_MAX || b->stride < 0 || b->stride > BUFFER_BYTES_MAX || b->offset < 0 || b->offset > BUFFER_BYTES_MAX)
    BAD(c, "bytes, stride and offset of buffer '%s' must be 0..2^36", b->name);
  if (b->offset % SLOT_ALIGN || (b->depth > 1 && b->stride % SLOT_ALIGN))
    BAD(c, "offset %" PRId64 " and stride %" PRId64 " of buffer '%s' must be multiples of %d", b->offset, b->stride, b->name, SLOT_ALIGN);
  return LOOM_OK;
}

/* ---- nodes ---- */

static loom_status check_buffer_index(checker *c, const tog_node *n, int buffer) {
  if (buffer < 0 || (size_t)buffer >= c->t->buffers.n)
    BAD(c, "%s names buffer %d of %zu", tog_node_title(&c->ctx->mem, n), buffer, c->t->buffers.n);
  return LOOM_OK;
}

/* There is an index for every place. */
static loom_status check_lookup(checker *c, const tog_node *n) {
  const tog_box *b = &n->box;
  if (b->lookup_tensor < 0 || (size_t)b->lookup_tensor >= c->t->tensors.n || b->lookup_dim < 0 || b->lookup_dim >= b->rank || b->lookup_rows < 1)
    BAD(c, "the lookup of %s names tensor %d of %zu, or dim %d of %d, or no rows", tog_node_title(&c->ctx->mem, n), b->lookup_tensor, c->t->tensors.n, b->lookup_dim, b->rank);
  const tog_tensor *x = &c->t->tensors.at[b->lookup_tensor];
  if ((x->type != DTYPE_I32 && x->type != DTYPE_I64) || tog_tensor_elems(x) != b->view_shape[b->lookup_dim])
    BAD(c, "%s looks up %" PRId64 " places in tensor '%s'; it must have as many elements, of 32 or 64 bits", tog_node_title(&c->ctx->mem, n), b->view_shape[b->lookup_dim], x->name);
  return LOOM_OK;
}

/* Every element of the view is one of the tensor. */
static loom_status check_view(checker *c, const tog_node *n) {
  const tog_box *b = &n->box;
  const tog_tensor *x = &c->t->tensors.at[b->tensor];
  int64_t last = 0, step, elems = tog_tensor_elems(x);
  if (b->rank < 0 || b->rank > TOG_RANK_MAX)
    BAD(c, "the view of %s has rank %d; must be 0..%d", tog_node_title(&c->ctx->mem, n), b->rank, TOG_RANK_MAX);
  LOOM_TRY(b->has_lookup ? check_lookup(c, n) : LOOM_OK);
  for (int d = 0; d < b->rank; d++) {
    int64_t places = b->has_lookup && d == b->lookup_dim ? b->lookup_rows : b->view_shape[d];
    if (b->view_shape[d] < 1 || b->view_stride[d] < 0)
      BAD(c, "dim %d of the view of %s has extent %" PRId64 " and stride %" PRId64 "; extents must be at least 1 and strides not negative", d,
          tog_node_title(&c->ctx->mem, n), b->view_shape[d], b->view_stride[d]);
    if (__builtin_mul_overflow(places - 1, b->view_stride[d], &step) || __builtin_add_overflow(last, step, &last) || last >= elems)
      BAD(c, "the view of %s reaches over tensor '%s', which has %" PRId64 " elements; its last element must be one of them",
          tog_node_title(&c->ctx->mem, n), x->name, elems);
  }
  if (!shape_bytes(b->view_shape, b->rank, x->type, TENSOR_BYTES_MAX, &step))
    BAD(c, "the view of %s has more than 2^42 bytes", tog_node_title(&c->ctx->mem, n));
  return LOOM_OK;
}

static loom_status check_box(checker *c, const tog_node *n) {
  const tog_box *b = &n->box;
  LOOM_TRY(check_buffer_index(c, n, n->buffer));
  if (b->tensor < 0 || (size_t)b->tensor >= c->t->tensors.n)
    BAD(c, "%s names tensor %d of %zu", tog_node_title(&c->ctx->mem, n), b->tensor, c->t->tensors.n);
  const tog_tensor *x = &c->t->tensors.at[b->tensor];
  const tog_buffer *buf = &c->t->buffers.at[n->buffer];
  LOOM_TRY(b->has_view ? check_view(c, n) : LOOM_OK);
  if (!b->has_view && b->rank != x->rank)
    BAD(c, "%s has a box of rank %d, but tensor '%s' has rank %d", tog_node_title(&c->ctx->mem, n), b->rank, x->name, x->rank);
  for (int d = 0; d < b->rank; d++) {
    LOOM_TRY(check_expr(c, n, "an offset", b->offset[d]));
    LOOM_TRY(check_expr(c, n, "an extent", b->extent[d]));
    if (b->to_dim[d] < -1 || b->to_dim[d] >= buf->rank)
      BAD(c, "%s puts dim %d of '%s' on dim %d of '%s', which has rank %d", tog_node_title(&c->ctx->mem, n), d, x->name, b->to_dim[d], buf->name, buf->rank);
    for (int e = 0; e < d; e++)
      if (b->to_dim[d] >= 0 && b->to_dim[d] == b->to_dim[e])
        BAD(c, "%s puts dims %d and %d of '%s' on the same dim of '%s'", tog_node_title(&c->ctx->mem, n), e, d, x->name, buf->name);
  }
  return LOOM_OK;
}

static loom_status check_part(checker *c, const tog_node *n) {
  int rank = c->t->buffers.at[n->buffer].rank;
  for (int d = 0; d < rank; d++)
    if (n->at[d])
      LOOM_TRY(check_expr(c, n, "the place in the slot", n->at[d]));
  for (int d = rank; d < TOG_RANK_MAX; d++)
    if (n->at[d])
      BAD(c, "%s has a place on dim %d of '%s', which has rank %d", tog_node_title(&c->ctx->mem, n), d, c->t->buffers.at[n->buffer].name, rank);
  if (n->opens)
    LOOM_TRY(check_expr(c, n, "the condition to reserve", n->opens));
  return n->closes ? check_expr(c, n, "the condition to publish", n->closes) : LOOM_OK;
}

static loom_status check_group(checker *c, const tog_node *n) {
  for (int d = 0; d < c->t->n_mesh; d++) {
    LOOM_TRY(check_expr(c, n, "a multicast corner", n->group.ul[d]));
    LOOM_TRY(check_expr(c, n, "a multicast corner", n->group.lr[d]));
    LOOM_TRY(check_expr(c, n, "the multicast sender", n->group.sender[d]));
  }
  return LOOM_OK;
}

static loom_status check_compute(checker *c, const tog_node *n) {
  if (n->function < -1 || n->function >= (int)c->t->functions.n)
    BAD(c, "%s calls function %d of %zu", tog_node_title(&c->ctx->mem, n), n->function, c->t->functions.n);
  size_t n_args = n->args.n + n->numbers.n;
  if (n->uses.n > TOG_ARGS_MAX || n_args > TOG_ARGS_MAX)
    BAD(c, "%s has %zu buffers and %zu arguments; at most %d each", tog_node_title(&c->ctx->mem, n), n->uses.n, n_args, TOG_ARGS_MAX);
  for (size_t i = 0; i < n->uses.n; i++) {
    LOOM_TRY(check_buffer_index(c, n, n->uses.at[i].buffer));
    if ((unsigned)n->uses.at[i].access > TOG_UPDATE)
      BAD(c, "%s has an unknown access", tog_node_title(&c->ctx->mem, n));
  }
  for (size_t i = 0; i < n->args.n; i++)
    LOOM_TRY(check_expr(c, n, "an argument", n->args.at[i]));
  for (size_t i = 0; i < n->numbers.n; i++)
    LOOM_TRY(check_expr(c, n, "a number", n->numbers.at[i]));
  LOOM_TRY(check_expr(c, n, "the cycle count", n->cycles));
  return n->active ? check_expr(c, n, "the active condition", n->active) : LOOM_OK;
}

/* Row r of `to` is one tile of `from`. */
static bool is_row_of(const tog_buffer *to, const tog_buffer *from) {
  bool same = to->type == from->type && to->rank == from->rank + 1;
  for (int d = 0; same && d < from->rank; d++)
    same = to->shape[d + 1] == from->shape[d];
  return same;
}

static loom_status check_send(checker *c, const tog_node *n) {
  LOOM_TRY(check_buffer_index(c, n, n->buffer));
  LOOM_TRY(check_buffer_index(c, n, n->to));
  const tog_buffer *from = &c->t->buffers.at[n->buffer], *to = &c->t->buffers.at[n->to];
  if (!is_row_of(to, from))
    BAD(c, "%s sends tiles of '%s' into rows of '%s'; '%s' must have the element type of '%s' and its shape behind the dim of rows",
        tog_node_title(&c->ctx->mem, n), from->name, to->name, to->name, from->name);
  LOOM_TRY(check_expr(c, n, "the row", n->row));
  for (int d = 0; d < c->t->n_mesh; d++)
    LOOM_TRY(check_expr(c, n, "the receiver", n->receiver[d]));
  return n->active ? check_expr(c, n, "the active condition", n->active) : LOOM_OK;
}

static loom_status check_body(checker *c, const tog_body *body, int depth);

static loom_status check_loop(checker *c, const tog_node *n, int depth) {
  if (depth >= TOG_DEPTH_MAX)
    BAD(c, "%s is nested deeper than %d loops", tog_node_title(&c->ctx->mem, n), TOG_DEPTH_MAX);
  if (!n->var || !*n->var)
    BAD(c, "%s has no loop variable", tog_node_title(&c->ctx->mem, n));
  if (in_scope(c, n->var))
    BAD(c, "the variable '%s' of %s hides a mesh dim or an outer loop's variable; rename it", n->var, tog_node_title(&c->ctx->mem, n));
  LOOM_TRY(check_expr(c, n, "the trip count", n->trip));
  c->scope[c->n_scope++] = n->var;
  LOOM_TRY(check_body(c, &n->body, depth + 1));
  c->n_scope--;
  return LOOM_OK;
}

static loom_status check_node(checker *c, const tog_node *n, int depth) {
  if (n->id != c->next_id++)
    BAD(c, "%s is out of program order: its id should be %d", tog_node_title(&c->ctx->mem, n), c->next_id - 1);
  switch (n->kind) {
  case TOG_LOOP: return check_loop(c, n, depth);
  case TOG_LOAD:
    LOOM_TRY(check_box(c, n));
    LOOM_TRY(check_part(c, n));
    return n->has_group ? check_group(c, n) : LOOM_OK;
  case TOG_STORE: return check_box(c, n);
  case TOG_TAKE:
  case TOG_PUSH: return check_buffer_index(c, n, n->buffer);
  case TOG_GIVE:
    if ((unsigned)n->thread >= TOG_THREADS)
      BAD(c, "%s has no thread", tog_node_title(&c->ctx->mem, n));
    return check_buffer_index(c, n, n->buffer);
  case TOG_COMPUTE: return check_compute(c, n);
  case TOG_SEND: return check_send(c, n);
  case TOG_COLLECT:
    LOOM_TRY(check_buffer_index(c, n, n->buffer));
    return check_expr(c, n, "the number of senders", n->senders);
  }
  BAD(c, "node %d has an unknown kind", n->id);
}

static loom_status check_body(checker *c, const tog_body *body, int depth) {
  for (size_t i = 0; i < body->n; i++) {
    if (!body->at[i])
      BAD(c, "a body has an empty node");
    LOOM_TRY(check_node(c, body->at[i], depth));
  }
  return LOOM_OK;
}

loom_status tog_check(loom_ctx *ctx, const tog *t) {
  checker c = {.ctx = ctx, .t = t};
  LOOM_TRY(check_mesh(&c));
  for (size_t i = 0; i < t->tensors.n; i++)
    LOOM_TRY(check_tensor(&c, &t->tensors.at[i]));
  for (size_t i = 0; i < t->buffers.n; i++)
    LOOM_TRY(check_buffer(&c, &t->buffers.at[i]));
  for (size_t i = 0; i < t->functions.n; i++)
    if (!t->functions.at[i].name || !*t->functions.at[i].name)
      BAD(&c, "a function has no name");
  LOOM_TRY(check_body(&c, &t->body, 0));
  if (t->n_nodes != c.next_id)
    BAD(&c, "the graph says it has %d nodes but has %d", t->n_nodes, c.next_id);
  return LOOM_OK;
}
