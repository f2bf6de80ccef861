/* Small facts about nodes, buffers and tensors that writer, reader, checker and simulator share. */
#include "base/shape.h"
#include "tog/tog.h"

typedef struct kind_row { const char *name; int thread; } kind_row;
enum { THREAD_READER = TOG_READER, THREAD_COMPUTE = TOG_COMPUTE_THREAD, THREAD_WRITER = TOG_WRITER, THREAD_ANY = TOG_THREADS };
static const kind_row KINDS[] = {
#define X(n, t) {#n, THREAD_##t},
  TOG_NODE_LIST(X)
#undef X
};

const char *tog_kind_name(tog_node_kind k) {
  static const char *const names[] = {"loop", "load", "store", "take", "compute", "push", "give", "send", "collect"};
  _Static_assert(sizeof names / sizeof *names == TOG_KINDS && sizeof KINDS / sizeof *KINDS == TOG_KINDS, "one name a kind");
  return (size_t)k < sizeof names / sizeof *names ? names[k] : "?";
}

const char *tog_thread_name(tog_thread th) {
  static const char *const names[TOG_THREADS] = {"reader", "compute", "writer"};
  return (unsigned)th < TOG_THREADS ? names[th] : "?";
}

tog_thread tog_node_thread(const tog_node *n) {
  return n->kind == TOG_GIVE ? n->thread : (tog_thread)KINDS[n->kind].thread;
}

const char *tog_node_title(arena *m, const tog_node *n) {
  return n->label ? arena_printf(m, "node %d '%s'", n->id, n->label) : arena_printf(m, "node %d (%s)", n->id, tog_kind_name(n->kind));
}

int64_t tog_buffer_elems(const tog_buffer *b) { return shape_elements(b->rank, b->shape); }
int64_t tog_tensor_elems(const tog_tensor *t) { return shape_elements(t->rank, t->shape); }
int64_t tog_buffer_span_bytes(const tog_buffer *b) { return (b->depth - 1) * b->stride + b->bytes; }

static void number(tog_body *body, int *next) {
  for (size_t i = 0; i < body->n; i++) {
    body->at[i]->id = (*next)++;
    if (body->at[i]->kind == TOG_LOOP)
      number(&body->at[i]->body, next);
  }
}

void tog_number(tog *t) {
  t->n_nodes = 0;
  number(&t->body, &t->n_nodes);
}
