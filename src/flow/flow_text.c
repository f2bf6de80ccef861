/* Places and elements, for people. */
#include "base/text.h"
#include "flow/flow.h"

static void add_frame(text *t, const flow_run *r, const flow_frame *f) {
  if (!f)
    return;
  add_frame(t, r, f->outer);
  text_addf(t, "%s%s ", t->size ? ", " : "", f->is_instance ? "instance" : "round");
  for (int i = 0; i < f->n; i++)
    text_addf(t, "%s%" PRId64, i ? ", " : f->n > 1 ? "(" : "", f->at[i]);
  text_addf(t, "%s of %s", f->n > 1 ? ")" : "", r->ops.at[f->op].name);
}

const char *flow_place(arena *mem, const flow_run *r, const flow_frame *f) {
  text t = text_new(mem);
  add_frame(&t, r, f);
  return text_str(&t);
}

const char *flow_element(arena *mem, int rank, const int64_t *shape, int64_t i) {
  int64_t at[FLOW_RANK_MAX] = {0};
  text t = text_new(mem);
  for (int d = rank - 1; d >= 0 && shape[d] > 0; d--) {
    at[d] = i % shape[d];
    i /= shape[d];
  }
  text_add(&t, "[");
  for (int d = 0; d < rank; d++)
    text_addf(&t, d ? ", %" PRId64 : "%" PRId64, at[d]);
  text_add(&t, "]");
  return text_str(&t);
}
