#include "compile_dots.h"

static cpu_dot fastest(const compile_state *s, dtype t, const char *tiles, const char *vectors) {
  double by_tiles = machine_host_fact(s->machine, tiles), by_vectors = machine_host_fact(s->machine, vectors), widened = machine_host_fact(s->machine, "mac_f32");
  if (!s->o->is_for_others && by_tiles > by_vectors && by_tiles > widened && cpu_has_dot(s->ctx, t, CPU_DOT_TILES))
    return CPU_DOT_TILES;
  return by_vectors > widened && cpu_has_dot(s->ctx, t, CPU_DOT_VECTORS) ? CPU_DOT_VECTORS : CPU_DOT_NONE;
}

cpu_dots compile_dots(const compile_state *s) { return (cpu_dots){fastest(s, DTYPE_BF16, "mac_amx_bf16", "mac_bf16"), fastest(s, DTYPE_I8, "mac_amx_i8", "mac_i8")}; }
