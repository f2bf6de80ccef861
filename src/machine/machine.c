/* Questions about a machine that need no context. */
#include "machine/machine.h"
#include "base/text.h"
#include "machine/machine_private.h"

int64_t machine_cores(const machine *m) {
  int64_t n = 1;
  for (size_t d = 0; d < m->mesh.n; d++)
    n *= m->mesh.at[d].size;
  return n;
}

int64_t machine_n_chips(const machine *m) {
  int64_t n = 1;
  for (size_t d = 0; d < m->chips.n; d++)
    n *= m->chips.at[d].size;
  return n;
}

double machine_chip_link_rate(const machine *m) {
  return m->chip_links ? (double)(m->chip_links->gbit_per_s * m->chip_links->count) * 1e9 / 8 / m->clock_hz.value : 0;
}

machine *machine_one_chip(arena *mem, const machine *m) {
  machine *one = ARENA_NEW(mem, machine);
  *one = *m;
  memset(&one->chips, 0, sizeof one->chips);
  one->chip_links = NULL;
  return one;
}

double machine_host_fact(const machine *m, const char *name) {
  for (size_t i = 0; i < m->host_facts.n; i++)
    if (text_eq(m->host_facts.at[i].path, name))
      return m->host_facts.at[i].number.value;
  return 0;
}

/* Linear index of the core of `to` nearest to core `index` of `from`: each coordinate clamped. */
static int64_t nearest_core(const machine *from, const machine *to, int64_t index) {
  int64_t linear = 0, stride = 1;
  for (size_t d = from->mesh.n; d-- > 0;) {
    int64_t size = from->mesh.at[d].size, kept = to->mesh.at[d].size, coord = index % size;
    index /= size;
    linear += stride * (coord < kept ? coord : kept - 1);
    stride *= kept;
  }
  return linear;
}

machine *machine_submesh(arena *mem, const machine *m, const int64_t *sizes) {
  machine *sub = ARENA_NEW(mem, machine);
  *sub = *m;
  memset(&sub->mesh, 0, sizeof sub->mesh);
  memset(&sub->attach, 0, sizeof sub->attach);
  for (size_t d = 0; d < m->mesh.n; d++) {
    machine_dim dim = m->mesh.at[d];
    dim.wraps = dim.wraps && sizes[d] == dim.size;
    dim.size = sizes[d];
    vec_push(mem, &sub->mesh, dim);
  }
  for (size_t c = 0; c < m->attach.n; c++)
    vec_push(mem, &sub->attach, nearest_core(m, sub, m->attach.at[c]));
  return sub;
}

const machine_func *machine_perf_find_on(const machine_perf *p, const char *unit, const char *name) {
  for (size_t i = 0; i < p->aliases.n; i++)
    if (text_eq(p->aliases.at[i].name, name)) {
      name = p->aliases.at[i].target;
      break;
    }
  for (size_t i = 0; i < p->funcs.n; i++)
    if (text_eq(p->funcs.at[i].name, name) && (!unit || text_eq(p->funcs.at[i].unit, unit)))
      return &p->funcs.at[i];
  return NULL;
}

const machine_func *machine_perf_find(const machine_perf *p, const char *name) { return machine_perf_find_on(p, NULL, name); }

const machine_func *machine_find_func_on(const machine *m, const char *unit, const char *name) {
  return m->perf.n ? machine_perf_find_on(&m->perf.at[m->calibration], unit, name) : NULL;
}

const machine_func *machine_find_func(const machine *m, const char *name) { return machine_find_func_on(m, NULL, name); }
