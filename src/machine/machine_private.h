/* Shared by the files of this room only. */
#ifndef LOOM_MACHINE_PRIVATE_H
#define LOOM_MACHINE_PRIVATE_H
#include "machine/machine.h"
#include <stddef.h>

#define MACHINE_SCHEMA "loom.machine.v1"
/* Largest machine file that is read. */
enum { MACHINE_FILE_BYTES_MAX = 16 * 1024 * 1024 };      /* dumps with a kernel behind the chip are large */

/* Plain numbers of the file, one row each: the reader, the writer and `machine show` go through this list.
 * X(section, key, field of machine, WHOLE (int64_t) or RATE (machine_number), least, greatest, unit)
 * Not in it: what has two spellings (core.memory bytes or banks, the DRAM rate) and what is not a number. */
#define MACHINE_FIELD_LIST(X)                                                                     \
  X("", "clock_hz", clock_hz, RATE, 1e3, 1e12, "Hz")                                              \
  X("core.memory", "align_bytes", l1_align_bytes, WHOLE, 1, 65536, "bytes")                       \
  X("core.memory", "bytes_per_cycle", l1_bytes_per_cycle, RATE, 1e-3, 1e9, "bytes/cycle")         \
  X("core", "transfer_setup_cycles", transfer_setup_cycles, RATE, 0, 1e9, "cycles")               \
  X("core", "fill_bytes_per_cycle", fill_bytes_per_cycle, RATE, 1e-3, 1e9, "bytes/cycle")         \
  X("core", "copy_bytes_per_cycle", copy_bytes_per_cycle, RATE, 1e-3, 1e9, "bytes/cycle")         \
  X("core", "tile_align", tile_align, WHOLE, 1, 65536, "elements")                                \
  X("dram", "channels", dram_channels, WHOLE, 1, MACHINE_CHANNELS_MAX, "")                        \
  X("dram", "channel_bytes", dram_channel_bytes, WHOLE, 1, 1099511627776 /* 1 TiB */, "bytes")    \
  X("dram", "latency_cycles", dram_latency_cycles, RATE, 0, 1e9, "cycles")                        \
  X("dram", "page_bytes", dram_page_bytes, WHOLE, 1, 1073741824 /* 1 GiB */, "bytes")             \
  X("dram", "align_bytes", dram_align_bytes, WHOLE, 1, 65536, "bytes")                            \
  X("links", "bytes_per_cycle", link_bytes_per_cycle, RATE, 1e-3, 1e9, "bytes/cycle")             \
  X("links", "hop_cycles", hop_cycles, RATE, 0, 1e9, "cycles")

typedef enum machine_field_kind { MACHINE_WHOLE, MACHINE_RATE } machine_field_kind;
typedef struct machine_field { const char *section, *key; size_t offset; machine_field_kind kind; double least, greatest; const char *unit; } machine_field;
extern const machine_field machine_fields[];
extern const size_t machine_n_fields;
static inline int64_t *machine_field_whole(const machine *m, const machine_field *f) { return (int64_t *)(void *)((char *)(uintptr_t)m + f->offset); }
static inline machine_number *machine_field_rate(const machine *m, const machine_field *f) {
  return (machine_number *)(void *)((char *)(uintptr_t)m + f->offset);
}
/* "dram.channels"; "clock_hz" when the section is empty. */
const char *machine_field_path(arena *mem, const machine_field *f);

/* ---- parts: the optional sections of whole numbers (MACHINE_BANK_LIST ..) ---- */
enum { MACHINE_PART_BANK, MACHINE_PART_CROSSBAR, MACHINE_PART_NOC, MACHINE_PART_DISPATCH, MACHINE_PART_PIPELINE, MACHINE_PART_NPU, MACHINE_PART_CHIP_LINKS, MACHINE_PARTS };
/* The part when `section` has a member of its name; all its keys are needed then. */
LOOM_MUST_USE loom_status machine_part_read(loom_ctx *ctx, int part, const data_value *section, machine *m);
/* Adds the part to the section, if the machine has it. */
void machine_part_write(arena *mem, const machine *m, int part, data_value *section);
/* Key i of the part, in words; false: it has no more. */
bool machine_part_key(arena *mem, int part, size_t i, machine_key *out);
/* Its rows for people: row(data, key, value, unit, origin or NULL). */
typedef void (*machine_part_row)(void *data, const char *key, int64_t value, const char *unit, const machine_number *origin);
void machine_part_rows(arena *mem, const machine *m, int part, machine_part_row row, void *data);
/* `v`, or {value: v, source | assumed, note} when its origin is told. */
data_value *machine_with_origin(arena *mem, data_value *v, const machine_number *origin);

/* Origin of the whole number at `path`, or NULL when the file says nothing of it. */
const machine_number *machine_origin_find(const machine *m, const char *path);
void machine_origin_add(arena *mem, machine *m, const char *path, machine_number number);

/* ---- reading our YAML ---- */
/* A number, or {value, source | assumed, note}.  `what` names it in messages. */
LOOM_MUST_USE loom_status machine_read_number(loom_ctx *ctx, const data_value *v, const char *what, double least, double greatest, machine_number *out);
/* Splits {value, source | assumed, note} into the value and its origin; any other value is its own value. */
LOOM_MUST_USE loom_status machine_read_origin(loom_ctx *ctx, const data_value *v, const data_value **out_value, machine_number *out);
/* A whole number; its origin, if told, goes to m->origins under `path`. */
LOOM_MUST_USE loom_status machine_read_whole(loom_ctx *ctx, const data_value *v, const char *key, const char *path, double least, double greatest,
                                             machine *m, int64_t *out);
/* Member `key`; when it is missing the message says that it is to be `what`. */
LOOM_MUST_USE loom_status machine_read_need(loom_ctx *ctx, const data_value *v, const char *key, const char *what, const data_value **out);
/* Reading goes on behind an error, so that one reading tells all that stand for themselves.  Keeps the first failure of several in *worst, and returns `st`.  Nothing is read of what rests on
 * something that failed, and no key is missed of a section in which another is unknown: it may be that one, misspelt. */
static inline loom_status machine_keep(loom_status *worst, loom_status st) {
  *worst = *worst == LOOM_OK ? st : *worst;
  return st;
}
/* These leave *out alone when there is no such member. */
LOOM_MUST_USE loom_status machine_read_optional_string(loom_ctx *ctx, const data_value *v, const char *key, const char **out);
LOOM_MUST_USE loom_status machine_read_optional_bool(loom_ctx *ctx, const data_value *v, const char *key, bool *out);
/* [A-Za-z0-9_-]+, at most 64 bytes; `what` with its article: "a unit's name". */
LOOM_MUST_USE loom_status machine_read_name(loom_ctx *ctx, const data_value *v, const char *what, const char **out);
/* The file `v` with what it does not say taken from the machines it extends; the schema of each is checked. */
LOOM_MUST_USE loom_status machine_read_extends(loom_ctx *ctx, const char *path, data_value *v, data_value **out);
/* A whole description, nothing left to extend. */
LOOM_MUST_USE loom_status machine_read(loom_ctx *ctx, const char *path, const data_value *root, machine **out);
/* The perf sets and the calibration. */
LOOM_MUST_USE loom_status machine_read_perf(loom_ctx *ctx, const data_value *root, machine *m);
/* One function of a perf set: {unit, symbols, when, scenarios | fixed, volume, throughput, assumed}. */
LOOM_MUST_USE loom_status machine_read_func(loom_ctx *ctx, const data_member *member, const machine *m, machine_func *f);
/* Place of the word `word` in the text of scalar `v`; the place of `v` when it is not in there. */
loom_span machine_word_span(const data_value *v, const char *word);

/* ---- foreign files ---- */
/* Upstream's exports put mem_, proc_, res_, dim_ or arch_ before names, array_ before what is spread over the mesh, and _instance behind the memory of one core. */
const char *machine_plain_name(arena *mem, const char *name);
/* Names that callers use and newer perf sets spell otherwise: matmul_f16 = matmul_SS_f16; added where the target exists and the name does not. */
void machine_add_aliases(arena *mem, machine_perf *p);
/* Costs of every unit and mover that has X.perf.yaml or X.yaml in `dir`, their functions unseen; with .mlir files in it: machine_add_compute_dir. */
LOOM_MUST_USE loom_status machine_add_costs_of_dir(loom_ctx *ctx, machine *m, const char *dir);
/* Upstream's perf YAML `root` as costs of `unit`. */
LOOM_MUST_USE loom_status machine_add_perf_tree(loom_ctx *ctx, machine *m, const data_value *root, const char *unit);
/* The perf set that foreign costs go to, "imported": made and put in use when there is none. */
machine_perf *machine_imported_set(arena *mem, machine *m);

/* ---- finding files ---- */
/* <dir>/NAME.yaml on the search path, or NULL. */
const char *machine_find_file(arena *mem, const char *name);
/* A machine's file, a template filled in. */
LOOM_MUST_USE loom_status machine_read_file(loom_ctx *ctx, const char *path, char **out, size_t *out_size);
/* Chooses perf set `name`: LOOM_EUSAGE with did-you-mean. */
LOOM_MUST_USE loom_status machine_use_calibration(loom_ctx *ctx, machine *m, const char *name);

/* The quotient a / b of a throughput `a / b` or `a / b * c`, whose rounding down to 0 is not meant; NULL for other forms. */
const sym_expr *machine_rate_quotient(const sym_expr *throughput);

/* ---- checking ---- */
LOOM_MUST_USE loom_status machine_check_maps(loom_ctx *ctx, const machine *m);
int64_t machine_map_points(const machine_map *p);      /* of its domain */
LOOM_MUST_USE loom_status machine_check_guards(loom_ctx *ctx, const machine_perf *p);
/* Warns of memories that nothing leads to from the DRAM. */
void machine_check_reach(loom_ctx *ctx, const machine *m);

/* The first of that name, aliases followed; `unit`: the one that runs there, NULL for any. */
const machine_func *machine_perf_find(const machine_perf *p, const char *name);
const machine_func *machine_perf_find_on(const machine_perf *p, const char *unit, const char *name);
#endif
