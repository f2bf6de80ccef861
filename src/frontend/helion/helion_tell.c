/* What names stand for, in words for editors: options->watch. */
#include "frontend/helion/helion_value.h"

/* Without sizes of the arguments stand-ins are read with, whose numbers mean nothing: "m=64" is "m". */
static const char *without_numbers(arena *m, const char *s) {
  text t = text_new(m);
  for (; *s; s++)
    if (*s == '=' && s[1] >= '0' && s[1] <= '9')
      s += strspn(s + 1, "0123456789");
    else
      text_add_bytes(&t, s, 1);
  return text_str(&t);
}

/* "", or the block size where the kernel or its config says one. */
static const char *block_size(helion_reader *r, int block) {
  const helion_symbol *s = &r->symbols.at[block];
  if (s->value >= 0)
    return arena_printf(r->mem, "; block size %" PRId64 ", fixed by the kernel", s->value);
  return s->preferred ? arena_printf(r->mem, "; its config asks for blocks of %" PRId64, s->preferred) : "";
}

static const char *in_words(helion_reader *r, const helion_value *v) {
  kernel_type t;
  if (v->kind == HELION_TILE) {
    const char *block = helion_show_size(r, helion_symbol_expr(r, v->tile.block));
    return arena_printf(r->mem, "tile, block symbol %s, of the range %s .. %s%s", block, helion_show_size(r, v->tile.begin), helion_show_size(r, v->tile.end), block_size(r, v->tile.block));
  }
  if (!helion_type_of(r, v, &t))
    return helion_describe(r, v);
  const char *what = v->kind == HELION_TENSOR ? "host tensor" : v->kind == HELION_SPEC ? "tensor" : t.rank ? "tile value" : "scalar";
  return arena_printf(r->mem, "%s %s %s", what, dtype_torch(t.type), helion_show_shape(r, &t));
}

void helion_tell(helion_reader *r, loom_span at, const char *name, const helion_value *v) {
  const helion_watch *w = r->options->watch;
  if (!w || !v || v->kind == HELION_UNKNOWN || r->is_module)
    return;
  const char *is = in_words(r, v);
  w->name(w->data, at, name, r->is_guessing ? without_numbers(r->mem, is) : is);
}
