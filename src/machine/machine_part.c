/* The optional sections of a machine file: dram.bank, crossbar, noc, core.dispatch, core.pipeline, npu, chips.links.  One table each drives reading, writing and describing. */
#include "base/text.h"
#include "machine/machine_private.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

typedef struct part_key { const char *key; size_t offset; double least, greatest; const char *unit, *what; } part_key;
typedef struct part_row { const char *name, *path; size_t offset, bytes; const part_key *keys; size_t n; } part_row;

#define X(key, least, greatest, unit, what) {#key, offsetof(PART, key), least, greatest, unit, what},
#define PART machine_bank
static const part_key bank_keys[] = {MACHINE_BANK_LIST(X)};
#undef PART
#define PART machine_crossbar
static const part_key crossbar_keys[] = {MACHINE_CROSSBAR_LIST(X)};
#undef PART
#define PART machine_noc
static const part_key noc_keys[] = {MACHINE_NOC_LIST(X)};
#undef PART
#define PART machine_dispatch
static const part_key dispatch_keys[] = {MACHINE_DISPATCH_LIST(X)};
#undef PART
#define PART machine_pipeline
static const part_key pipeline_keys[] = {MACHINE_PIPELINE_LIST(X)};
#undef PART
#define PART machine_npu
static const part_key npu_keys[] = {MACHINE_NPU_LIST(X)};
#undef PART
#define PART machine_chip_links
static const part_key chip_link_keys[] = {MACHINE_CHIP_LINKS_LIST(X)};
#undef PART
#undef X

static const part_row parts[MACHINE_PARTS] = {
    [MACHINE_PART_BANK] = {"bank", "dram.bank", offsetof(machine, bank), sizeof(machine_bank), bank_keys, COUNT(bank_keys)},
    [MACHINE_PART_CROSSBAR] = {"crossbar", "crossbar", offsetof(machine, crossbar), sizeof(machine_crossbar), crossbar_keys, COUNT(crossbar_keys)},
    [MACHINE_PART_NOC] = {"noc", "noc", offsetof(machine, noc), sizeof(machine_noc), noc_keys, COUNT(noc_keys)},
    [MACHINE_PART_DISPATCH] = {"dispatch", "core.dispatch", offsetof(machine, dispatch), sizeof(machine_dispatch), dispatch_keys, COUNT(dispatch_keys)},
    [MACHINE_PART_PIPELINE] = {"pipeline", "core.pipeline", offsetof(machine, pipeline), sizeof(machine_pipeline), pipeline_keys, COUNT(pipeline_keys)},
    [MACHINE_PART_NPU] = {"npu", "npu", offsetof(machine, npu), sizeof(machine_npu), npu_keys, COUNT(npu_keys)},
    [MACHINE_PART_CHIP_LINKS] = {"links", "chips.links", offsetof(machine, chip_links), sizeof(machine_chip_links), chip_link_keys, COUNT(chip_link_keys)},
};

static void **part_slot(const machine *m, const part_row *p) { return (void **)(void *)((char *)(uintptr_t)m + p->offset); }
static int64_t *part_number(void *part, const part_key *k) { return (int64_t *)(void *)((char *)part + k->offset); }
static const char *key_path(arena *mem, const part_row *p, const part_key *k) { return arena_printf(mem, "%s.%s", p->path, k->key); }

static loom_status need_power_of_two(loom_ctx *ctx, const data_value *v, const char *key, int64_t value, const char *why) {
  if ((value & (value - 1)) == 0)
    return LOOM_OK;
  diag_error(ctx, data_get(v, key)->span, LOOM_EINPUT, "'%s' is %" PRId64 "; must be a power of two", key, value);
  diag_help(ctx, "%s", why);
  return LOOM_EINPUT;
}

/* What the numbers of dram.bank must be to each other; told at their places. */
static loom_status check_bank(loom_ctx *ctx, const machine_bank *b, const data_value *v) {
  LOOM_TRY(need_power_of_two(ctx, v, "request_bytes", b->request_bytes, "it is a field of the address"));
  LOOM_TRY(need_power_of_two(ctx, v, "row_bytes", b->row_bytes, "it is a field of the address"));
  LOOM_TRY(need_power_of_two(ctx, v, "pseudo_channels", b->pseudo_channels, "it is a field of the address"));
  LOOM_TRY(need_power_of_two(ctx, v, "bank_groups", b->bank_groups, "it is a field of the address"));
  LOOM_TRY(need_power_of_two(ctx, v, "banks", b->banks, "it is a field of the address"));
  enum { BANKS_MAX = 64 };   /* dram keeps sets of banks in a word */
  int64_t all = b->pseudo_channels * b->bank_groups * b->banks;
  if (all > BANKS_MAX)
    LOOM_FAIL(ctx, v->span, LOOM_ELIMIT, "a channel has %" PRId64 " banks (pseudo_channels * bank_groups * banks); at most %d can be simulated", all, BANKS_MAX);
  if (b->row_bytes < b->request_bytes)
    LOOM_FAIL(ctx, data_get(v, "row_bytes")->span, LOOM_EINPUT, "a row of %" PRId64 " bytes is smaller than a request of %" PRId64, b->row_bytes, b->request_bytes);
  if (b->write_start > b->write_queue)
    LOOM_FAIL(ctx, data_get(v, "write_start")->span, LOOM_EINPUT, "writes start at %" PRId64 " requests, but the queue holds %" PRId64, b->write_start, b->write_queue);
  if (b->write_stop >= b->write_start)
    LOOM_FAIL(ctx, data_get(v, "write_stop")->span, LOOM_EINPUT, "writes stop at %" PRId64 " requests; must be fewer than the %" PRId64 " they start at", b->write_stop,
              b->write_start);
  return LOOM_OK;
}

static loom_status check_npu(loom_ctx *ctx, const machine *m, const data_value *v) {
  if (!m->l1_banks) {
    diag_error(ctx, v->span, LOOM_EINPUT, "the machine has 'npu', but its core.memory does not say how many banks it has");
    diag_help(ctx, "write 'banks' and 'bank_bytes' instead of 'bytes': a bank is what a lane has");
    return LOOM_EINPUT;
  }
  return need_power_of_two(ctx, v, "vlen_bits", m->npu->vlen_bits, "that is what vectors of RISC-V are");
}

loom_status machine_part_read(loom_ctx *ctx, int part, const data_value *section, machine *m) {
  const part_row *p = &parts[part];
  data_value *v;
  if (!data_get(section, p->name))
    return LOOM_OK;
  LOOM_TRY(data_need(ctx, section, p->name, DATA_OBJECT, &v));
  const char *names[COUNT(bank_keys)];
  for (size_t i = 0; i < p->n; i++)
    names[i] = p->keys[i].key;
  const loom_status known = data_only_keys(ctx, v, names, p->n);
  loom_status st = known;
  void *numbers = arena_alloc(&ctx->mem, p->bytes);
  for (size_t i = 0; i < p->n; i++) {
    const part_key *k = &p->keys[i];
    const data_value *number;
    if ((known == LOOM_OK || data_get(v, k->key)) && machine_keep(&st, machine_read_need(ctx, v, k->key, k->what, &number)) == LOOM_OK)
      machine_keep(&st, machine_read_whole(ctx, number, k->key, key_path(&ctx->mem, p, k), k->least, k->greatest, m, part_number(numbers, k)));
  }
  LOOM_TRY(st);
  *part_slot(m, p) = numbers;
  return part == MACHINE_PART_BANK ? check_bank(ctx, numbers, v) : part == MACHINE_PART_NPU ? check_npu(ctx, m, v) : LOOM_OK;
}

bool machine_part_key(arena *mem, int part, size_t i, machine_key *out) {
  const part_row *p = &parts[part];
  if (i >= p->n)
    return false;
  *out = (machine_key){key_path(mem, p, &p->keys[i]), p->keys[i].unit, p->keys[i].what};
  return true;
}

void machine_part_rows(arena *mem, const machine *m, int part, machine_part_row row, void *data) {
  const part_row *p = &parts[part];
  void *numbers = *part_slot(m, p);
  for (size_t i = 0; numbers && i < p->n; i++)
    row(data, p->keys[i].key, *part_number(numbers, &p->keys[i]), p->keys[i].unit, machine_origin_find(m, key_path(mem, p, &p->keys[i])));
}

typedef struct part_tree { arena *mem; data_value *section; } part_tree;

static void write_row(void *data, const char *key, int64_t value, const char *unit, const machine_number *origin) {
  part_tree *t = data;
  (void)unit;
  data_set(t->mem, t->section, key, machine_with_origin(t->mem, data_int(t->mem, value), origin));
}

void machine_part_write(arena *mem, const machine *m, int part, data_value *section) {
  if (!*part_slot(m, &parts[part]))
    return;
  part_tree t = {mem, data_object(mem)};
  machine_part_rows(mem, m, part, write_row, &t);
  data_set(mem, section, parts[part].name, t.section);
}
