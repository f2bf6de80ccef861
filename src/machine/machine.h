/* machine: the chip.  One description for every target: mesh of cores, memories, links, units, and perf tables (leaf costs).
 * Takes: our YAML (loom.machine.v1), upstream df files, perf YAML.  Leaves: a checked `machine` in ctx->mem.
 * Rates are bytes per core-clock cycle, latencies core-clock cycles, sizes bytes. */
#ifndef LOOM_MACHINE_MACHINE_H
#define LOOM_MACHINE_MACHINE_H
#include "base/dtype.h"
#include "base/vec.h"
#include "sym/sym.h"

enum { MACHINE_MESH_DIMS_MAX = 3, MACHINE_CORES_MAX = 65536, MACHINE_CHIPS_MAX = 1024, MACHINE_CHANNELS_MAX = 4096, MACHINE_ALIGN = 8 /* bytes that what lies in L1 begins at multiples of */ };

/* Where a number comes from: a quoted source, or "assumed" (chosen by us, `note` says why).  Kept so that `machine show` can say it. */
typedef struct machine_number { double value; const char *source, *note; bool is_assumed; loom_span span; } machine_number;
/* The same for a whole number, which is kept as int64_t elsewhere: `path` is its place in the file, "dram.channels". */
typedef struct machine_origin { const char *path; machine_number number; } machine_origin;

typedef struct machine_dim { const char *name; int64_t size; bool wraps; /* torus */ } machine_dim;
typedef VEC_OF(machine_dim) machine_dims;

typedef struct machine_unit { const char *name; const char *kind; /* "matrix" | "vector" */ int64_t shape[3]; int rank; int64_t count;
  machine_number rate; /* of all `count` together: multiply-adds (matrix) or elements (vector) a cycle */ } machine_unit;

/* One alternative of a function's cost: cycles = ceil(fixed) + ceil(volume / throughput) while `when` holds. All over the function's symbols.
 * Divisions inside `fixed` and `volume` round up, inside `throughput` down (loom.machine.v1). */
typedef struct machine_scenario { const sym_expr *when, *fixed, *volume, *throughput; loom_span span; } machine_scenario;
typedef struct machine_func { const char *name; const char *unit; /* unit or mover that runs it; functions of one unit exclude each other.  The two tell it apart */
  VEC_OF(const char *) symbols; const sym_expr *when; VEC_OF(machine_scenario) scenarios; bool is_assumed; loom_span span; } machine_func;
typedef struct machine_alias { const char *name, *target; } machine_alias;                       /* legacy function names: matmul_f16 .. */
typedef struct machine_perf { const char *name; const char *source; VEC_OF(machine_func) funcs; VEC_OF(machine_alias) aliases; } machine_perf;

/* A family of links given by an index map, as df files have them: one expression per dim of the target, over `dims`. */
typedef struct machine_map {
  const char *name; const char *from, *to;                        /* memory or core array the links start and end at */
  VEC_OF(machine_dim) domain; VEC_OF(machine_dim) range;          /* dims of the two arrays, with their sizes */
  VEC_OF(const char *) dims;                                      /* the map's own names of the domain's dims: d0, d1 */
  VEC_OF(const sym_expr *) results;
  machine_number bytes_per_cycle;                                 /* value 0: not given */
  loom_span span; } machine_map;

/* A memory and a way between two, as foreign files list them; checked: DRAM must reach each. */
typedef struct machine_memory { const char *name; int64_t instances, bytes /* of one */; loom_span span; } machine_memory;
typedef struct machine_path { const char *mover, *from, *to; loom_span span; } machine_path;

/* A unit or mover, and the file beside the chip's that defines it: others may share it. */
typedef struct machine_definition { const char *unit, *file; loom_span span; } machine_definition;

/* Parts of a description that only some chips have: each is a section of whole numbers, complete when it is there at all.
 * X(key, least, greatest, unit, what it is)
 *
 * dram.bank: one DRAM channel as banks with rows (HBM, GDDR, DDR).  Times in DRAM clocks, named as in JEDEC's standards: `ccd_s` between two bank groups,
 * `ccd_l` within one. */
#define MACHINE_BANK_LIST(X)                                                                       \
  X(clock_hz, 1000000, 100000000000, "Hz", "the DRAM clock")                                       \
  X(request_bytes, 8, 4096, "bytes", "what one read or write command moves")                       \
  X(row_bytes, 8, 1048576, "bytes", "a row of one bank")                                           \
  X(pseudo_channels, 1, 8, "", "data buses of one channel, which share its command bus")           \
  X(bank_groups, 1, 16, "", "of a pseudo channel")                                                 \
  X(banks, 1, 16, "", "of a bank group")                                                           \
  X(read_queue, 1, 65536, "requests", "reads the controller looks at")                             \
  X(write_queue, 1, 65536, "requests", "writes the controller keeps")                              \
  X(write_start, 1, 65536, "requests", "so many writes make it serve writes")                      \
  X(write_stop, 0, 65536, "requests", "with so many left it goes back to reads that wait")         \
  X(burst, 1, 64, "clocks", "one request on the data bus")                                         \
  X(cl, 1, 1024, "clocks", "read command to data")                                                 \
  X(cwl, 1, 1024, "clocks", "write command to data")                                               \
  X(rcd_rd, 0, 1024, "clocks", "activate to read")                                                 \
  X(rcd_wr, 0, 1024, "clocks", "activate to write")                                                \
  X(rp, 0, 1024, "clocks", "precharge to activate")                                                \
  X(ras, 0, 1024, "clocks", "activate to precharge")                                               \
  X(rc, 0, 1024, "clocks", "activate to activate of one bank")                                     \
  X(wr, 0, 1024, "clocks", "end of written data to precharge")                                     \
  X(rtp, 0, 1024, "clocks", "read to precharge")                                                   \
  X(ccd_s, 0, 1024, "clocks", "read to read, write to write, of two groups")                       \
  X(ccd_l, 0, 1024, "clocks", "the same within a group")                                           \
  X(rrd_s, 0, 1024, "clocks", "activate to activate, of two groups")                               \
  X(rrd_l, 0, 1024, "clocks", "the same within a group")                                           \
  X(wtr_s, 0, 1024, "clocks", "end of written data to read, of two groups")                        \
  X(wtr_l, 0, 1024, "clocks", "the same within a group")                                           \
  X(faw, 0, 1024, "clocks", "window of at most four activates")                                    \
  X(act, 1, 16, "clocks", "an activate on the command bus for rows")
/* crossbar: every core has ports, every port a way to every DRAM channel and back; one packet of request_bytes a clock and destination. */
#define MACHINE_CROSSBAR_LIST(X)                                                                   \
  X(clock_hz, 1000000, 100000000000, "Hz", "its clock")                                            \
  X(ports, 1, 64, "", "of one core: requests a clock it sends and takes")                          \
  X(latency_cycles, 0, 4096, "clocks", "one way")
/* noc: instead of a crossbar, packets between cores and DRAM channels go over `links`; a channel is at the core that dram.attach says. */
#define MACHINE_NOC_LIST(X)                                                                        \
  X(clock_hz, 1000000, 100000000000, "Hz", "its clock")                                            \
  X(ports, 1, 64, "", "of one core: requests a clock it sends")                                    \
  X(header_bytes, 1, 256, "bytes", "of a packet, beside data")
/* core.dispatch: how work is handed to cores that run tile graphs (docs/tog.md). */
#define MACHINE_DISPATCH_LIST(X)                                                                   \
  X(tiles, 1, 64, "tiles", "a core holds at a time")                                               \
  X(items, 1, 8, "work items", "a core takes tiles from at a time")
/* core.pipeline: how a core gives instructions to its units, and how long those take: what cycles of a tile are counted from (docs/npu.md).  A register: `bits` of one lane. */
#define MACHINE_PIPELINE_LIST(X)                                                                   \
  X(issue, 1, 64, "a cycle", "instructions it gives, in order")                                    \
  X(bits, 32, 65536, "bits", "of a vector register in one lane, which a unit takes at a time")     \
  X(load_cycles, 1, 1024, "cycles", "register loaded to register used")                            \
  X(store_cycles, 1, 1024, "cycles", "register stored to store over")                              \
  X(integer_cycles, 1, 1024, "cycles", "result of moves, shuffles, compares and integer arithmetic") \
  X(float_cycles, 1, 1024, "cycles", "result of sums, products and extrema")                       \
  X(divide_cycles, 1, 1024, "cycles", "a quotient or square root, which holds the unit")           \
  X(special_cycles, 1, 1024, "cycles", "result of exp, log, erf, tanh, sin, cos, atan")            \
  X(special_interval, 1, 1024, "cycles", "between two of them")                                    \
  X(weight_interval, 1, 1024, "cycles", "a register of weights on its way into the array")         \
  X(weight_settle, 0, 1024, "cycles", "last weights in to array ready")                            \
  X(row_interval, 1, 1024, "cycles", "a row of inputs on its way into the array")                  \
  X(depth, 0, 65536, "cycles", "a row of inputs in to its results out")                            \
  X(pop_cycles, 1, 1024, "cycles", "result of the array to register used")
/* npu: how programs with named scratchpad buffers run (docs/npu.md).  A lane has a bank of core.memory: its `banks` are the lanes. */
#define MACHINE_NPU_LIST(X)                                                                        \
  X(vlen_bits, 64, 65536, "bits", "a vector register, in each lane")                               \
  X(weight_slots, 1, 16, "", "weight tiles a systolic array holds, the one in use among them")     \
  X(window, 16, 1048576, "instructions", "a core looks ahead")                                     \
  X(launch_cycles, 0, 1000000, "cycles", "from the launch of a kernel to its first instruction")
/* chips.links: between neighbouring chips (docs/chips.md); cycles of the core clock. */
#define MACHINE_CHIP_LINKS_LIST(X)                                                                 \
  X(gbit_per_s, 1, 100000, "Gbit/s", "of one link, each way")                                      \
  X(count, 1, 64, "", "links to each neighbour")                                                   \
  X(hop_cycles, 0, 1000000, "cycles", "from chip to neighbour, of the first byte")                 \
  X(setup_cycles, 0, 1000000, "cycles", "to start a transfer")                                     \
  X(packet_bytes, 64, 1073741824, "bytes", "that a chip hands on at a time")
#define X(key, least, greatest, unit, what) int64_t key;
typedef struct machine_pipeline { MACHINE_PIPELINE_LIST(X) } machine_pipeline;
typedef struct machine_bank { MACHINE_BANK_LIST(X) } machine_bank;
typedef struct machine_crossbar { MACHINE_CROSSBAR_LIST(X) } machine_crossbar;
typedef struct machine_noc { MACHINE_NOC_LIST(X) } machine_noc;
typedef struct machine_dispatch { MACHINE_DISPATCH_LIST(X) } machine_dispatch;
typedef struct machine_npu { MACHINE_NPU_LIST(X) } machine_npu;
typedef struct machine_chip_links { MACHINE_CHIP_LINKS_LIST(X) } machine_chip_links;
#undef X

typedef struct machine {
  const char *name, *path, *summary;
  machine_number clock_hz;
  machine_dims chips;                       /* section `chips`: a mesh of chips, all like what the rest describes, each with its own DRAM; n 0: one chip */
  const machine_chip_links *chip_links;     /* not NULL where chips.n is not 0 */
  machine_dims mesh;                        /* dims in mapping order: x, y[, z] */
  /* per-core memory */
  const char *l1_name; int64_t l1_bytes; int64_t l1_banks; /* 0: not told */ int64_t l1_align_bytes; machine_number l1_bytes_per_cycle;
  int64_t l1_reserved_bytes;                /* above l1_bytes: not for the kernel at hand, since tensors that kernels hand on lie there; of no file */
  /* DRAM */
  int64_t dram_channels; int64_t dram_channel_bytes; machine_number dram_bytes_per_cycle; /* all channels together */
  machine_number dram_latency_cycles; int64_t dram_page_bytes;
  int64_t dram_run_cycles;                  /* of a transfer for every run of consecutive bytes beyond its first; not told: 0 */
  int64_t dram_align_bytes, dram_write_align_bytes;      /* the network reads, and writes, between DRAM and L1 addresses that are equal mod these; write 0: not told, as reads */
  VEC_OF(int64_t) attach;                   /* linear core index (row-major over the mesh dims, dim 0 slowest) next to each channel; one entry a channel */
  bool attach_assumed; loom_span attach_span;
  bool hashes_channels;                     /* dram.interleave ipoly: requests are spread by a hash of their address, not page by page */
  const machine_bank *bank;                 /* NULL: not described; so those below */
  const machine_crossbar *crossbar;
  const machine_noc *noc;                   /* where both are, this one counts */
  const machine_dispatch *dispatch;
  const machine_pipeline *pipeline;
  const machine_npu *npu;                   /* not NULL: l1_banks is the number of lanes, machine_lane_bytes what each holds */
  /* links between neighbours, one per direction */
  machine_number link_bytes_per_cycle, hop_cycles;
  /* on-core fills and copies that no perf table covers */
  machine_number fill_bytes_per_cycle, copy_bytes_per_cycle;
  machine_number transfer_setup_cycles;     /* one DMA request on its mover */
  VEC_OF(machine_unit) units;
  VEC_OF(const char *) movers;              /* names of the engines that move data; a function's `unit` is one of these or of `units` */
  VEC_OF(machine_map) maps;                 /* links given as index maps; checked, and the mesh's wrap and `attach` follow from them */
  VEC_OF(machine_memory) memories;          /* of foreign files: all they name, the DRAM first; empty for ours */
  VEC_OF(machine_path) paths;
  VEC_OF(machine_definition) definitions;   /* of foreign chips: where the costs of a unit or mover are */
  VEC_OF(machine_origin) origins;
  VEC_OF(machine_perf) perf;                /* perf sets; `calibration` indexes the one in use */
  int calibration;
  int64_t tile_align;                       /* block sizes are multiples of this in the two innermost dims */
  bool pads_edges;                          /* core.ragged pad: an edge tile costs what a whole one does; clamp: its own size, in hardware tiles */
  bool lacks_concurrent_movers;             /* the core itself moves data, and computes nothing meanwhile */
  bool has_concurrent_units;                /* compute ops on different units may overlap when neither needs the other's result */
  int64_t link_packet_bytes;                /* links.packet_bytes: most that holds a link at a time; 0: whole messages do */
  bool lacks_multicast;                     /* links.multicast false: what cores share goes from neighbour to neighbour */
  bool lacks_sharing;                       /* links.sharing false: every core loads what it needs itself */
  const char *host_cpu;                     /* section `host`: this is a CPU that runs programs itself, and which one; NULL: no such section */
  VEC_OF(machine_origin) host_facts;        /* the numbers of that section */
  const char *target_kind, *target_arch;    /* section `target`: "tt" and "wormhole" or "blackhole", a Tenstorrent board that programs can be written for; "npu" and NULL; NULL: none */
  bool is_checked;                          /* machine_check went through it (machine_load does that) */
} machine;

/* `name`: a shipped machine ("wormhole": <dir>/wormhole.yaml on the search path) or a path to a .yaml file, to a df or adl .mlir file, or to
 * a directory with upstream's chip.yaml or system.yaml, whose costs are read too.  Checked.
 * Unknown name: LOOM_EUSAGE with did-you-mean; missing file: LOOM_EIO.  `calibration` NULL: the file's default;
 * a perf set the machine does not have: LOOM_EUSAGE. */
LOOM_MUST_USE loom_status machine_load(loom_ctx *ctx, const char *name, const char *calibration, machine **out);
/* The same with the costs of upstream's compute directory (below) instead of its own; NULL: none.  Both a calibration and a directory: LOOM_EUSAGE. */
LOOM_MUST_USE loom_status machine_load_with(loom_ctx *ctx, const char *name, const char *calibration, const char *compute_dir, machine **out);
/* The keys of a machine file: "core.memory.bytes"; what a list holds is named without its place ("mesh.size"), a name of the user's own is "*" ("perf.*.source"), and "*.value" is of every number
 * that says where it comes from.  unit "": none. */
typedef struct machine_key { const char *path, *unit, *what; } machine_key;
const machine_key *machine_keys(arena *mem, size_t *out_n);
/* What the machine is, in a line; "" where its file does not say.  Not checked, and mostly not read: that takes ten times as long. */
LOOM_MUST_USE loom_status machine_load_summary(loom_ctx *ctx, const char *name, const char **out);
LOOM_MUST_USE loom_status machine_list(loom_ctx *ctx, const char *const **out_names, size_t *out_n);      /* sorted */
/* Our YAML (docs/machines.md).  An `extends: NAME` is looked for beside `path`, then on the search path.  Not checked beyond the schema. */
LOOM_MUST_USE loom_status machine_from_yaml(loom_ctx *ctx, const char *path, const char *bytes, size_t size, machine **out);
/* Upstream's df custom assembly.  Rates are taken as bytes a cycle (DRAM: of all channels); what the file does not say is marked assumed.
 * The one perf set is "2025" with the file's rates.  LOOM_EUNSUP: an op or an arrangement of memories that is no mesh of cores over one DRAM. */
LOOM_MUST_USE loom_status machine_from_df(loom_ctx *ctx, const char *path, const char *bytes, size_t size, machine **out);
/* Upstream's adl module (loom.md 4.3), exported with or without its name prefixes, alone or at the head of a dump.  It tells mesh, memories, units and movers; rates
 * and latencies are Wormhole's, marked assumed.  The perf set "imported" is empty until machine_add_compute_dir or machine_add_perf_yaml fills it.
 * LOOM_EUNSUP: an op or an arrangement that is no mesh of cores over one DRAM. */
LOOM_MUST_USE loom_status machine_from_adl(loom_ctx *ctx, const char *path, const char *bytes, size_t size, machine **out);
/* Upstream's chip in YAML: system.yaml (architecture with children), chip.yaml with groups, or chip.yaml with a memory.yaml beside it.  As machine_from_adl. */
LOOM_MUST_USE loom_status machine_from_chip(loom_ctx *ctx, const char *path, const char *bytes, size_t size, machine **out);
/* Upstream's compute directory: every X.mlir holds the functions of unit or mover X, X.perf.yaml beside it (or X.yaml with `performance`) their costs.  Each function
 * needs a cost and each cost a function.  Units the machine does not have are added, rates assumed.  The costs are put in use. */
LOOM_MUST_USE loom_status machine_add_compute_dir(loom_ctx *ctx, machine *m, const char *dir);
/* Upstream's perf YAML (loom.md 4.6) of one unit or mover, named by the file: X.perf.yaml, X.yaml. */
LOOM_MUST_USE loom_status machine_add_perf_yaml(loom_ctx *ctx, machine *m, const char *path, const char *bytes, size_t size);
/* Lints and checks beyond syntax.  Errors: attach points off the mesh, index maps that leave their target.  Warnings: guard overlaps (the first
 * scenario is taken) and gaps, each with a witness, throughputs below 1, rings shorter than their dim, memories that DRAM does not reach.  A machine that is_checked passes at once. */
LOOM_MUST_USE loom_status machine_check(loom_ctx *ctx, const machine *m);
/* Warns where a function of the perf set in use does more a cycle than its unit, mover port or vector lane can: mostly volume and throughput that do not count the same
 * (flops and multiply-adds).  Apart from machine_check, because published perf sets fail it. */
LOOM_MUST_USE loom_status machine_check_units(loom_ctx *ctx, const machine *m);
data_value *machine_to_data(arena *mem, const machine *m);                 /* loom.machine.v1 as JSON */
const char *machine_to_yaml(arena *mem, const machine *m);                 /* the same as YAML; machine_from_yaml reads it back */
const char *machine_describe(arena *mem, const machine *m);                /* text for people: what the chip is, and where each number comes from */
/* Directory list searched for shipped machines; set once by the command line ("machines" beside the binary, the install dir, LOOM_MACHINES).
 * `dirs` is kept, not copied. */
void machine_set_path(const char *const *dirs, size_t n);

int64_t machine_cores(const machine *m);      /* of one chip */
int64_t machine_n_chips(const machine *m);
/* Bytes a cycle between two neighbouring chips, one way, over all links of the pair. */
double machine_chip_link_rate(const machine *m);
/* One of its chips: the same machine without section `chips`. */
machine *machine_one_chip(arena *mem, const machine *m);
/* Of a machine with `npu`: scratchpad bytes of one lane. */
static inline int64_t machine_lane_bytes(const machine *m) { return m->l1_bytes / m->l1_banks; }
/* A number of section `host` (docs/machines.md), 0 when there is none; rates per cycle of clock_hz. */
double machine_host_fact(const machine *m, const char *name);
/* A sub-mesh of the machine: the first sizes[d] cores of every dim (1 <= sizes[d] <= the dim's size); perf, memories and links stay.
 * A shortened dim does not wrap; an attach point outside moves to the nearest core inside. */
machine *machine_submesh(arena *mem, const machine *m, const int64_t *sizes);

/* Cycles of a function no scenario of which holds (a gap between guards, or sizes below its `when`); upstream's value. */
#define MACHINE_UNCOVERED_CYCLES (INT64_C(1) << 31)
/* Cycles of function `name` (aliases followed) with its symbols replaced by `map`: a nested IF over the scenarios (first that holds,
 * else MACHINE_UNCOVERED_CYCLES), each ceil(fixed)+ceil(volume/throughput) as integer expressions with ceiling division.
 * A throughput `a / b` or `a / b * c` that rounds down to 0 is taken exactly, volume * b / (a * c); any other below 1 counts as 1.
 * Entries of `map` that the function does not use are ignored.  No such function, or a symbol of it without a value: LOOM_EUNSUP. */
typedef struct machine_arg { const char *symbol; const sym_expr *value; } machine_arg;
LOOM_MUST_USE loom_status machine_cost(loom_ctx *ctx, const machine *m, const char *name, const machine_arg *map, size_t n, const sym_expr **out);
/* The same for a function that was found. */
LOOM_MUST_USE loom_status machine_func_cost(loom_ctx *ctx, const machine_func *f, const machine_arg *map, size_t n, const sym_expr **out);
/* In the perf set in use, aliases followed; NULL when there is none.  Of several units that have one of this name (upstream's newest chips) the first counts;
 * `unit` names one. */
const machine_func *machine_find_func(const machine *m, const char *name);
const machine_func *machine_find_func_on(const machine *m, const char *unit, const char *name);
#endif
