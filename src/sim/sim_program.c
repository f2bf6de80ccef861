/* The tree becomes one flat program a thread: its own nodes and the loops around them; every expression is compiled. */
#include "sim/sim_private.h"
#include <string.h>

/* ---- expressions ---- */

static bool uses_name(const sym_expr *e, const char *const *names, int n) {
  for (int i = 0; i < n; i++)
    if (sym_depends(e, names[i]))
      return true;
  return false;
}

bool sim_value_get(const sim_value *v, int core, const int64_t *vars, int64_t *out) {
  if (v->code)
    return sym_run(v->code, vars, out);
  *out = v->by_core ? v->by_core[core] : v->constant;
  return true;
}

/* `names`: coordinates, then the n_loops variables in scope.  What depends on the core alone is evaluated here, once a core; where
 * that fails (overflow, division by zero) the code stays, so that the fault comes when the value is needed. */
static loom_status compile_value(sim *s, const sym_expr *e, const char *const *names, int n_loops, sim_value *out) {
  int n_mesh = s->t->n_mesh;
  sym_code *code;
  if (sym_is_const(e, &out->constant))
    return LOOM_OK;
  LOOM_TRY(sym_compile(s->ctx, e, names, (size_t)(n_mesh + n_loops), &code));
  out->code = code;
  if (uses_name(e, names + n_mesh, n_loops))
    return LOOM_OK;
  int64_t *by_core = ARENA_NEW_N(&s->ctx->scratch, int64_t, s->n_cores), vars[TOG_MESH_MAX + TOG_DEPTH_MAX] = {0};
  for (int c = 0; c < s->n_cores; c++) {
    sim_core_coords(s->t, c, vars);
    if (!sym_run(code, vars, &by_core[c]))
      return LOOM_OK;
  }
  out->by_core = by_core;
  out->code = NULL;
  return LOOM_OK;
}

typedef struct compiler {
  sim *s;
  tog_thread which;
  sim_program *p;
  const char *names[TOG_MESH_MAX + TOG_DEPTH_MAX];
  int depth;
} compiler;

static loom_status value(compiler *c, const sym_expr *e, sim_value *out) { return compile_value(c->s, e, c->names, c->depth, out); }

static loom_status values(compiler *c, const sym_expr *const *e, size_t n, sim_value **out) {
  *out = ARENA_NEW_N(&c->s->ctx->scratch, sim_value, n);
  for (size_t i = 0; i < n; i++)
    LOOM_TRY(value(c, e[i], &(*out)[i]));
  return LOOM_OK;
}

/* ---- instructions ---- */

/* A dim that is not a step of 0 before one that is; then the longer stride first. */
static bool comes_before(const sim_box *b, int d, int e) {
  return b->stride[d] == 0 || b->stride[e] == 0 ? b->stride[d] == 0 && b->stride[e] != 0 : b->stride[d] > b->stride[e];
}

static void place_dims(const tog *t, const tog_box *from, sim_box *b) {
  const tog_tensor *x = &t->tensors.at[from->tensor];
  int64_t stride = 1;
  for (int d = b->rank - 1; d >= 0; d--) {
    b->shape[d] = from->has_view ? from->view_shape[d] : x->shape[d];
    b->stride[d] = from->has_view ? from->view_stride[d] : stride;
    stride *= b->shape[d];
  }
  for (int d = 0; d < b->rank; d++) {
    int at = d;
    for (; at > 0 && comes_before(b, d, b->order[at - 1]); at--)
      b->order[at] = b->order[at - 1];
    b->order[at] = d;
  }
}

static loom_status compile_box(compiler *c, const tog_node *n, sim_box **out) {
  const tog_buffer *buf = &c->s->t->buffers.at[n->buffer];
  sim_box *b = *out = ARENA_NEW(&c->s->ctx->scratch, sim_box);
  b->tensor = n->box.tensor;
  b->rank = n->box.rank;
  b->has_lookup = n->box.has_lookup;
  b->lookup_dim = n->box.lookup_dim;
  b->lookup_tensor = n->box.lookup_tensor;
  b->lookup_rows = n->box.lookup_rows;
  place_dims(c->s->t, &n->box, b);
  for (int d = 0; d < b->rank; d++) {
    LOOM_TRY(value(c, n->box.offset[d], &b->offset[d]));
    LOOM_TRY(value(c, n->box.extent[d], &b->extent[d]));
    int to = n->box.to_dim[d];
    b->room[d] = to < 0 ? 1 : buf->shape[to];
    b->to_stride[d] = to < 0 ? 0 : 1;
    for (int e = to + 1; to >= 0 && e < buf->rank; e++)
      b->to_stride[d] *= buf->shape[e];
  }
  return LOOM_OK;
}

static int unit_index(sim *s, const char *name) {
  for (size_t i = 0; i < s->report->units.n; i++)
    if (strcmp(s->report->units.at[i].name, name) == 0)
      return (int)i;
  vec_push(&s->ctx->mem, &s->report->units, ((sim_unit){.name = name}));
  return (int)s->report->units.n - 1;
}

static loom_status compile_compute(compiler *c, const tog_node *n, sim_instr *in) {
  const sim_exec *x = c->s->o->exec;
  if (x && n->function >= 0 && ((size_t)n->function >= x->n || !x->functions[n->function]))
    return diag_error(c->s->ctx, LOOM_NOSPAN, LOOM_EINPUT, "%s calls '%s', for which there is no code", tog_node_title(&c->s->ctx->mem, n),
                      c->s->t->functions.at[n->function].name);
  in->n_args = n->args.n;
  in->unit = unit_index(c->s, n->unit ? n->unit : "core");
  LOOM_TRY(values(c, n->args.at, n->args.n, &in->args));
  LOOM_TRY(values(c, n->numbers.at, n->numbers.n, &in->numbers));
  LOOM_TRY(value(c, n->cycles, &in->cycles));
  in->has_active = n->active != NULL;
  return n->active ? value(c, n->active, &in->active) : LOOM_OK;
}

/* Several loads may fill one slot of the buffer. */
static bool fills_in_parts(const tog_body *body, int buffer) {
  for (size_t i = 0; i < body->n; i++) {
    const tog_node *n = body->at[i];
    if (n->kind == TOG_LOOP ? fills_in_parts(&n->body, buffer) : n->kind == TOG_LOAD && n->buffer == buffer && (n->opens || n->closes))
      return true;
  }
  return false;
}

static loom_status compile_load(compiler *c, const tog_node *n, sim_instr *in) {
  size_t dims = (size_t)c->s->t->n_mesh, rank = (size_t)c->s->t->buffers.at[n->buffer].rank;
  for (size_t d = 0; d < rank; d++) {
    if (!n->at[d])
      continue;
    if (!in->at)
      in->at = ARENA_NEW_N(&c->s->ctx->scratch, sim_value, rank);
    LOOM_TRY(value(c, n->at[d], &in->at[d]));
  }
  in->opens.constant = in->closes.constant = 1;
  in->in_parts = fills_in_parts(&c->s->t->body, n->buffer);
  if (n->opens)
    LOOM_TRY(value(c, n->opens, &in->opens));
  if (n->closes)
    LOOM_TRY(value(c, n->closes, &in->closes));
  if (!n->has_group)
    return LOOM_OK;
  LOOM_TRY(values(c, n->group.ul, dims, &in->ul));
  LOOM_TRY(values(c, n->group.lr, dims, &in->lr));
  LOOM_TRY(values(c, n->group.sender, dims, &in->sender));
  for (size_t d = 0; d < dims; d++)
    in->is_chain = in->is_chain || n->group.chain[d];
  in->load = c->s->n_loads++;
  return LOOM_OK;
}

static loom_status compile_send(compiler *c, const tog_node *n, sim_instr *in) {
  in->to = n->to;
  in->active.constant = 1;
  LOOM_TRY(value(c, n->row, &in->row));
  LOOM_TRY(values(c, n->receiver, (size_t)c->s->t->n_mesh, &in->receiver));
  return n->active ? value(c, n->active, &in->active) : LOOM_OK;
}

static loom_status compile_node(compiler *c, const tog_node *n, sim_op op) {
  sim_instr in = {.op = op, .node = n, .buffer = n->buffer, .depth = c->depth};
  if (op == SIM_OP_LOAD || op == SIM_OP_STORE)
    LOOM_TRY(compile_box(c, n, &in.box));
  if (op == SIM_OP_COMPUTE)
    LOOM_TRY(compile_compute(c, n, &in));
  if (op == SIM_OP_LOAD)
    LOOM_TRY(compile_load(c, n, &in));
  if (op == SIM_OP_SEND)
    LOOM_TRY(compile_send(c, n, &in));
  if (op == SIM_OP_COLLECT)
    LOOM_TRY(value(c, n->senders, &in.senders));
  vec_push(&c->s->ctx->scratch, &c->p->code, in);
  return LOOM_OK;
}

static bool has_own_node(const tog_body *body, tog_thread which) {
  for (size_t i = 0; i < body->n; i++)
    if (body->at[i]->kind == TOG_LOOP ? has_own_node(&body->at[i]->body, which) : tog_node_thread(body->at[i]) == which)
      return true;
  return false;
}

static loom_status compile_body(compiler *c, const tog_body *body);

static loom_status compile_loop(compiler *c, const tog_node *n) {
  int head = (int)c->p->code.n;
  sim_instr in = {.op = SIM_OP_LOOP, .node = n, .depth = c->depth};
  LOOM_TRY(value(c, n->trip, &in.trip));
  vec_push(&c->s->ctx->scratch, &c->p->code, in);
  c->names[c->s->t->n_mesh + c->depth++] = n->var;
  if (c->s->t->n_mesh + c->depth > c->s->n_vars)
    c->s->n_vars = c->s->t->n_mesh + c->depth;
  LOOM_TRY(compile_body(c, &n->body));
  c->depth--;
  vec_push(&c->s->ctx->scratch, &c->p->code, ((sim_instr){.op = SIM_OP_NEXT, .node = n, .depth = c->depth, .target = head + 1}));
  c->p->code.at[head].target = (int)c->p->code.n;
  return LOOM_OK;
}

static loom_status compile_body(compiler *c, const tog_body *body) {
  static const sim_op ops[] = {[TOG_LOOP] = SIM_OP_LOOP, [TOG_LOAD] = SIM_OP_LOAD, [TOG_STORE] = SIM_OP_STORE, [TOG_TAKE] = SIM_OP_TAKE,
                               [TOG_COMPUTE] = SIM_OP_COMPUTE, [TOG_PUSH] = SIM_OP_PUSH, [TOG_GIVE] = SIM_OP_GIVE,
                               [TOG_SEND] = SIM_OP_SEND, [TOG_COLLECT] = SIM_OP_COLLECT};
  for (size_t i = 0; i < body->n; i++) {
    const tog_node *n = body->at[i];
    if (n->kind == TOG_LOOP) {
      if (has_own_node(&n->body, c->which))
        LOOM_TRY(compile_loop(c, n));
    } else if (tog_node_thread(n) == c->which) {
      LOOM_TRY(compile_node(c, n, ops[n->kind]));
    }
  }
  return LOOM_OK;
}

loom_status sim_program_build(sim *s) {
  s->n_vars = s->t->n_mesh;
  for (int w = 0; w < TOG_THREADS; w++) {
    compiler c = {.s = s, .which = (tog_thread)w, .p = &s->program[w]};
    for (int d = 0; d < s->t->n_mesh; d++)
      c.names[d] = s->t->mesh_name[d];
    LOOM_TRY(compile_body(&c, &s->t->body));
    vec_push(&s->ctx->scratch, &c.p->code, ((sim_instr){.op = SIM_OP_END}));
  }
  return LOOM_OK;
}
