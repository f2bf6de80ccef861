/* `loom machine show`: the chip as a table, each number with where it comes from. */
#include "base/text.h"
#include "machine/machine_private.h"

typedef struct table { text t; arena *mem; const char *path; int assumed; } table;

/* 1398784 -> 1,398,784 */
static const char *grouped(arena *mem, int64_t v) {
  const char *digits = arena_printf(mem, "%" PRId64, v);
  text t = text_new(mem);
  size_t n = strlen(digits), sign = v < 0;
  for (size_t i = 0; i < n; i++) {
    if (i > sign && (n - i) % 3 == 0)
      text_add(&t, ",");
    text_add_bytes(&t, digits + i, 1);
  }
  return text_str(&t);
}

static const char *number_text(arena *mem, double v) {
  const double greatest = 9007199254740992.0;   /* 2^53 */
  return v < greatest && v == (double)(int64_t)v ? grouped(mem, (int64_t)v) : arena_printf(mem, "%.6g", v);
}

static const char *origin_text(arena *mem, const machine_number *n) {
  if (!n)
    return "";
  const char *why = n->source ? n->source : n->note;
  if (n->is_assumed)
    return why ? arena_printf(mem, "assumed: %s", why) : "assumed";
  return n->source && n->note ? arena_printf(mem, "%s (%s)", n->source, n->note) : why ? why : "";
}

/* The file that says it, where that is one which the machine extends. */
static const char *file_text(const table *t, const machine_number *n) {
  const diag_source *said = n ? n->span.source : NULL;
  if (!said || !said->path || !t->path || text_eq(said->path, t->path))
    return "";
  const char *slash = strrchr(said->path, '/');
  return arena_printf(t->mem, " [%s]", slash ? slash + 1 : said->path);
}

static void row(table *t, const char *what, const char *value, const char *unit, const machine_number *origin) {
  const char *from = origin_text(t->mem, origin);
  const char *line = arena_printf(t->mem, "  %-24s %15s %-13s %s%s", what, value, unit, from, file_text(t, origin));
  size_t n = strlen(line);
  while (n && line[n - 1] == ' ')
    n--;
  text_add_bytes(&t->t, line, n);
  text_add(&t->t, "\n");
  t->assumed += origin && origin->is_assumed;
}

static void add_fields(table *t, const machine *m, const char *section) {
  for (size_t i = 0; i < machine_n_fields; i++) {
    const machine_field *f = &machine_fields[i];
    if (!text_eq(f->section, section))
      continue;
    bool is_whole = f->kind == MACHINE_WHOLE;
    const machine_number *n = is_whole ? machine_origin_find(m, machine_field_path(t->mem, f)) : machine_field_rate(m, f);
    row(t, f->key, is_whole ? grouped(t->mem, *machine_field_whole(m, f)) : number_text(t->mem, n->value), f->unit, n);
  }
}

static void add_part_row(void *data, const char *key, int64_t value, const char *unit, const machine_number *origin) {
  table *t = data;
  row(t, key, grouped(t->mem, value), unit, origin);
}

static void add_part(table *t, const machine *m, int part, const char *title) {
  text rows = t->t;
  text_addf(&t->t, "\n%s\n", title);
  size_t before = t->t.size;
  machine_part_rows(t->mem, m, part, add_part_row, t);
  if (t->t.size == before)   /* the machine has none */
    t->t.size = rows.size, t->t.data[rows.size] = 0;
}

static void add_dims(table *t, const machine *m, const machine_dims *dims, const char *path, const char *of) {
  for (size_t d = 0; d < dims->n; d++) {
    const machine_dim *dim = &dims->at[d];
    row(t, dim->name, grouped(t->mem, dim->size), arena_printf(t->mem, dim->wraps ? "%s, ring" : "%s", of), machine_origin_find(m, arena_printf(t->mem, "%s.%s", path, dim->name)));
  }
}

static void add_chips(table *t, const machine *m) {
  if (!m->chips.n)
    return;
  text_add(&t->t, "\nchips, each as described below\n");
  add_dims(t, m, &m->chips, "chips.mesh", "chips");
  row(t, "all", grouped(t->mem, machine_n_chips(m)), "chips", NULL);
  add_part(t, m, MACHINE_PART_CHIP_LINKS, "links between neighbouring chips");
  row(t, "to a neighbour", number_text(t->mem, machine_chip_link_rate(m)), "bytes/cycle", NULL);
}

static void add_mesh(table *t, const machine *m) {
  text_add(&t->t, m->chips.n ? "\nmesh of one chip\n" : "\nmesh\n");
  add_dims(t, m, &m->mesh, "mesh", "cores");
  row(t, "all", grouped(t->mem, machine_cores(m)), "cores", NULL);
}

static void add_core(table *t, const machine *m) {
  text_addf(&t->t, "\ncore memory %s\n", m->l1_name);
  const machine_number *bytes = machine_origin_find(m, m->l1_banks ? "core.memory.bank_bytes" : "core.memory.bytes");
  row(t, "bytes", grouped(t->mem, m->l1_bytes), "bytes", bytes);
  if (m->l1_banks)
    row(t, "banks", grouped(t->mem, m->l1_banks), "", machine_origin_find(m, "core.memory.banks"));
  add_fields(t, m, "core.memory");
  text_add(&t->t, "\ncore\n");
  for (size_t i = 0; i < m->units.n; i++) {
    const machine_unit *u = &m->units.at[i];
    text shape = text_new(t->mem);
    for (int d = 0; d < u->rank; d++)
      text_addf(&shape, "%s%" PRId64, d ? "x" : "", u->shape[d]);
    const char *name = arena_printf(t->mem, "%s (%" PRId64 " x %s)", u->name, u->count, text_str(&shape));
    row(t, name, number_text(t->mem, u->rate.value), text_eq(u->kind, "matrix") ? "mul-add/cycle" : "elems/cycle", &u->rate);
  }
  for (size_t i = 0; i < m->movers.n; i++)
    text_addf(&t->t, "  %-24s %15s\n", m->movers.at[i], "mover");
  add_fields(t, m, "core");
  if (m->pads_edges)
    row(t, "ragged", "pad", "", NULL);
  if (m->lacks_concurrent_movers)
    row(t, "concurrent_movers", "false", "", NULL);
  if (m->has_concurrent_units)
    row(t, "concurrent_units", "true", "", NULL);
}

static void add_dram(table *t, const machine *m) {
  text cores = text_new(t->mem);
  for (size_t c = 0; c < m->attach.n; c++)
    text_addf(&cores, "%s%" PRId64, c ? " " : "", m->attach.at[c]);
  const machine_number *attach = machine_origin_find(m, "dram.attach"), spread = {.is_assumed = m->attach_assumed, .note = "spread evenly"};
  text_add(&t->t, "\ndram\n");
  add_fields(t, m, "dram");
  row(t, "bytes_per_cycle", number_text(t->mem, m->dram_bytes_per_cycle.value), "bytes/cycle", &m->dram_bytes_per_cycle);
  row(t, "  in GB/s", number_text(t->mem, m->dram_bytes_per_cycle.value * m->clock_hz.value / 1e9), "GB/s", NULL);
  row(t, "attached to cores", text_str(&cores), "", attach ? attach : m->attach_assumed ? &spread : NULL);
  if (m->dram_run_cycles)
    row(t, "run_cycles", grouped(t->mem, m->dram_run_cycles), "cycles", machine_origin_find(m, "dram.run_cycles"));
  if (m->dram_write_align_bytes)
    row(t, "write_align_bytes", grouped(t->mem, m->dram_write_align_bytes), "bytes", machine_origin_find(m, "dram.write_align_bytes"));
  if (m->hashes_channels)
    row(t, "interleave", "ipoly", "", NULL);
}

static void add_host(table *t, const machine *m) {
  if (m->target_arch)
    text_addf(&t->t, "\ntarget: tt-metal programs for Tenstorrent %s\n", m->target_arch);
  else if (m->target_kind)
    text_add(&t->t, "\ntarget: RISC-V programs for lanes and systolic arrays\n");
  if (!m->host_cpu)
    return;
  text_addf(&t->t, "\nhost: %s\n", m->host_cpu);
  for (size_t i = 0; i < m->host_facts.n; i++) {
    const machine_origin *f = &m->host_facts.at[i];
    row(t, f->path, number_text(t->mem, f->number.value), text_ends(f->path, "bytes") ? "bytes" : "a cycle", &f->number);
  }
}

static const char *cost_text(arena *mem, const machine_scenario *s) {
  const char *fixed = sym_str(mem, s->fixed), *volume = sym_str(mem, s->volume), *throughput = sym_str(mem, s->throughput);
  int64_t v;
  bool has_fixed = !(sym_is_const(s->fixed, &v) && v == 0), has_volume = !(sym_is_const(s->volume, &v) && v == 0);
  const char *quotient = arena_printf(mem, sym_is_const(s->throughput, &v) ? "ceil(%s / %s)" : "ceil(%s / (%s))", volume, throughput);
  if (has_fixed && has_volume)
    return arena_printf(mem, "%s + %s", fixed, quotient);
  return has_volume ? quotient : fixed;
}

static void add_func(table *t, const machine_func *f) {
  text symbols = text_new(t->mem);
  for (size_t i = 0; i < f->symbols.n; i++)
    text_addf(&symbols, "%s%s", i ? ", " : "", f->symbols.at[i]);
  const char *head = arena_printf(t->mem, "%s(%s)", f->name, text_str(&symbols));
  text_addf(&t->t, "  %-44s %-8s", head, f->unit);
  if (f->scenarios.n == 1)
    text_addf(&t->t, " %s", cost_text(t->mem, &f->scenarios.at[0]));
  if (f->when->op != SYM_TRUE)
    text_addf(&t->t, " when %s", sym_str(t->mem, f->when));
  text_addf(&t->t, "%s\n", f->is_assumed ? "  [assumed]" : "");
  for (size_t i = 0; i < f->scenarios.n && f->scenarios.n > 1; i++)
    text_addf(&t->t, "    if %-20s %s\n", sym_str(t->mem, f->scenarios.at[i].when), cost_text(t->mem, &f->scenarios.at[i]));
}

static void add_perf(table *t, const machine *m) {
  for (size_t i = 0; i < m->perf.n; i++) {
    const machine_perf *p = &m->perf.at[i];
    if ((int)i != m->calibration) {
      text_addf(&t->t, "\nperf set %s: %zu functions (choose it with --calibration %s)\n", p->name, p->funcs.n, p->name);
      continue;
    }
    text_addf(&t->t, "\nperf set %s, in use: cycles of a call\n", p->name);
    if (p->source)
      text_addf(&t->t, "  from %s\n", p->source);
    for (size_t j = 0; j < p->funcs.n; j++)
      add_func(t, &p->funcs.at[j]);
    for (size_t j = 0; j < p->aliases.n; j++)
      text_addf(&t->t, "  %-44s = %s\n", p->aliases.at[j].name, p->aliases.at[j].target);
  }
}

const char *machine_describe(arena *mem, const machine *m) {
  table t = {.t = text_new(mem), .mem = mem, .path = m->path};
  text_addf(&t.t, "%s%s%s\n", m->name, m->summary ? ": " : "", m->summary ? m->summary : "");
  text_addf(&t.t, "  %s\n", m->path);
  add_fields(&t, m, "");
  add_chips(&t, m);
  add_mesh(&t, m);
  add_core(&t, m);
  add_dram(&t, m);
  add_part(&t, m, MACHINE_PART_BANK, "dram banks");
  text_add(&t.t, "\nlinks between neighbours, one a direction\n");
  add_fields(&t, m, "links");
  if (m->lacks_multicast)
    row(&t, "multicast", "false", "", NULL);
  if (m->lacks_sharing)
    row(&t, "sharing", "false", "", NULL);
  if (m->link_packet_bytes)
    row(&t, "packet_bytes", arena_printf(mem, "%" PRId64, m->link_packet_bytes), "bytes", machine_origin_find(m, "links.packet_bytes"));
  add_part(&t, m, MACHINE_PART_CROSSBAR, "crossbar between cores and DRAM channels");
  add_part(&t, m, MACHINE_PART_NOC, "network between cores and DRAM channels, over the links");
  add_part(&t, m, MACHINE_PART_DISPATCH, "dispatch of tiles to a core");
  add_part(&t, m, MACHINE_PART_PIPELINE, "units of a core, instruction by instruction");
  add_part(&t, m, MACHINE_PART_NPU, "npu: programs with buffers in the scratchpad");
  add_host(&t, m);
  text_addf(&t.t, "\n%d of these values are assumed.\n", t.assumed);
  add_perf(&t, m);
  return text_str(&t.t);
}
