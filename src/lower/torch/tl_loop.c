/* Loops over elements that write into a tensor, one after the other: for what has an order or meets the same place twice. */
#include "lower/torch/tl_private.h"

void tl_loops_open(tl_emit *e, tl_loops *l, int rank, const tl_num *size, tl_val init) {
  *l = (tl_loops){.rank = rank, .acc = init};
  const char *zero = tl_index(e, 0), *one = tl_index(e, 1), *T = tl_text(e, init.type), *n[TL_RANK_MAX];
  for (int d = 0; d < rank; d++)
    n[d] = tl_num_name(e, size[d]);
  for (int d = 0; d < rank; d++) {
    l->result[d] = tl_fresh(e);
    l->at[d] = tl_fresh(e);
    const char *inner = tl_fresh(e);
    tl_raw(e, "  %s = scf.for %s = %s to %s step %s iter_args(%s = %s) -> (%s) {\n", l->result[d], l->at[d], zero, n[d], one, inner, l->acc.name, T);
    l->acc.name = inner;
  }
}

tl_val tl_loops_close(tl_emit *e, const tl_loops *l, tl_val made) {
  const char *T = tl_text(e, made.type), *v = made.name;
  for (int d = l->rank - 1; d >= 0; d--) {
    tl_raw(e, "  scf.yield %s : %s\n  }\n", v, T);
    v = l->result[d];
  }
  return (tl_val){v, made.type};
}

tl_val tl_store(tl_emit *e, const char *scalar, tl_val into, const char *const *at) {
  text t = text_new(e->mem);
  for (int d = 0; d < into.type.rank; d++)
    text_addf(&t, "%s%s", d ? ", " : "", at[d]);
  return (tl_val){tl_line(e, "tensor.insert %s into %s[%s] : %s", scalar, into.name, text_str(&t), tl_text(e, into.type)), into.type};
}
