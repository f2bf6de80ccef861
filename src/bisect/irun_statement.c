/* A statement of the host's stage 0: loops over scalars that fill one buffer from others.  Its scalars are no nodes; what it leaves in memory is one, as if
 * a tile operation had made it.
 *
 *   scf.for i { scf.for j { %a = memref.load A[i, j];  %b = memref.load B[i];  %c = arith.subf %a, %b;  memref.store %c, C[i, j] } }                */
#include "bisect/irun.h"

enum { OWN = -2 };   /* writer of an element that the running statement wrote */

typedef struct written { flow_memory *memory; VEC_OF(int64_t) places; MlirOperation by; } written;

struct irun_statement {
  VEC_OF(int) inputs;
  VEC_OF(double) read;           /* of memory that nobody wrote, in order */
  dtype read_type; const char *read_name;
  VEC_OF(written) writes;
  int depth, deepest; int64_t trips[FLOW_RANK_MAX];      /* loops that are open; as many as ever were, and the last trips of each */
};

/* ---- which loops are statements ---- */
typedef struct scalar_check { bool is_scalar, has_store; } scalar_check;

static bool check_scalar(MlirOperation op, void *data) {
  scalar_check *c = data;
  const char *name = ir_op_name(op);
  bool is_store = text_eq(name, "memref.store");
  c->has_store = c->has_store || is_store;
  c->is_scalar = is_store || text_eq(name, "memref.load") || text_starts(name, "arith.") || text_starts(name, "math.") || text_starts(name, "affine.apply") ||
                 (text_starts(name, "scf.") && !text_eq(name, "scf.parallel"));
  return c->is_scalar;
}

bool irun_is_statement(MlirOperation op) {
  scalar_check c = {true, false};
  return mlirOperationGetNumResults(op) == 0 && ir_walk(op, check_scalar, &c) && c.has_store;
}

/* ---- while it runs ---- */
void irun_statement_input(irun *r, int node) {
  irun_statement *s = r->statement;
  if (node < 0)
    return;
  for (size_t i = s->inputs.n; i-- > 0;)
    if (s->inputs.at[i] == node)
      return;
  vec_push(r->mem, &s->inputs, node);
}

void irun_statement_load(irun *r, const irun_view *v) {
  irun_statement *s = r->statement;
  int writer = v->memory->writer[v->offset];
  if (writer >= 0) {
    irun_statement_input(r, writer);
  } else if (writer == -1) {
    s->read_type = v->memory->type;
    s->read_name = v->memory->name;
    vec_push(r->mem, &s->read, v->memory->x[v->offset]);
  }
}

void irun_statement_store(irun *r, MlirOperation op, const irun_view *v, double x) {
  irun_statement *s = r->statement;
  flow_memory *m = v->memory;
  size_t i = 0;
  while (i < s->writes.n && s->writes.at[i].memory != m)
    i++;
  if (i == s->writes.n)
    vec_push(r->mem, &s->writes, ((written){.memory = m}));
  if (m->writer[v->offset] != OWN)
    vec_push(r->mem, &s->writes.at[i].places, v->offset);
  m->writer[v->offset] = OWN;
  m->x[v->offset] = irun_round(m->type, x);
  s->writes.at[i].by = op;
}

void irun_statement_loop(irun *r, int64_t trips) {
  irun_statement *s = r->statement;
  if (s->depth < FLOW_RANK_MAX)
    s->trips[s->depth] = trips;
  s->depth++;
  s->deepest = s->depth > s->deepest ? s->depth : s->deepest;
}

void irun_statement_loop_end(irun *r) { r->statement->depth--; }

/* ---- its nodes ---- */
/* The operation to name: the last one before the store, or where a tile only moves the store itself. */
static MlirOperation main_op(MlirOperation store) {
  MlirOperation def = ir_def(ir_operand(store, 0));
  bool computes = def.ptr && !ir_op_is(def, "memref.load") && !ir_op_is(def, "arith.constant");
  return computes ? def : store;
}

/* n elements in the shape of the loops, if they made one each. */
static int shape_of(const irun_statement *s, int64_t n, int64_t *shape) {
  int64_t product = 1;
  int rank = s->deepest <= FLOW_RANK_MAX ? s->deepest : FLOW_RANK_MAX;
  for (int d = 0; d < rank; d++)
    product *= s->trips[d];
  if (product != n) {
    shape[0] = n;
    return 1;
  }
  memcpy(shape, s->trips, (size_t)rank * sizeof *shape);
  return rank;
}

static void add_written(irun *r, const written *w, int n_in, const int *in) {
  const irun_statement *s = r->statement;
  flow_memory *m = w->memory;
  MlirOperation op = main_op(w->by);
  int64_t n = (int64_t)w->places.n, shape[FLOW_RANK_MAX];
  bool is_whole = n == m->elems;
  double *x = ARENA_NEW_N(r->mem, double, n);
  int rank = is_whole ? m->rank : shape_of(s, n, shape);
  for (int64_t i = 0; i < n; i++)
    x[i] = m->x[is_whole ? i : w->places.at[i]];
  flow_kind kind = ir_op_is(op, "memref.store") && n_in == 1 && r->flow->nodes.at[in[0]].kind != FLOW_CONSTANT ? FLOW_MOVE : FLOW_COMPUTE;
  int node = irun_add(r, op, kind, n_in, in, m->type, rank, is_whole ? m->shape : shape, x);
  r->flow->nodes.at[node].where = m->name;
  for (int64_t i = 0; i < n; i++)
    m->writer[w->places.at[i]] = node;
}

bool irun_run_statement(irun *r, MlirOperation op, irun_fn run, int id) {
  irun_statement s = {.depth = 0};
  r->statement = &s;
  bool ok = run(r, op, id);
  if (ok && s.read.n) {
    int64_t shape[FLOW_RANK_MAX];
    int rank = shape_of(&s, (int64_t)s.read.n, shape), node = irun_add(r, main_op(s.writes.n ? s.writes.at[0].by : op), FLOW_INPUT, 0, NULL, s.read_type, rank, shape, s.read.at);
    r->flow->nodes.at[node].where = s.read_name;
    vec_push(r->mem, &s.inputs, node);
  }
  for (size_t i = 0; i < s.inputs.n; i++)
    s.inputs.at[i] = flow_after_loops(r->flow, s.inputs.at[i]);
  for (size_t i = 0; ok && i < s.writes.n; i++)
    add_written(r, &s.writes.at[i], (int)s.inputs.n, s.inputs.at);
  r->statement = NULL;
  return ok;
}
