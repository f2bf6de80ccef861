/* rvv: one core of an NPU as what its machine code does: RV64GC for the one scalar unit; RVV 1.0 with XSfvcp in V lanes at once; the DMA instructions and the systolic array of isa.
 * Takes: a RISC-V relocatable object (ELF64, LLVM's), the addresses of its external symbols, and at every call the memory behind the addresses.
 * Leaves: values in that memory, the transfers that were made, or a fault with its place.  No time: who calls knows when.
 *
 * Lanes.  Every vector register is there in every lane; a vector load or store at a scratchpad address goes to each lane's own bank at that offset.  Scalar registers are one for
 * all: a scalar load from a bank must find the same in all lanes (else RVV_LANES_DIFFER), a scalar store writes all of them.  The stack is such memory too (vectors are spilled
 * there); constants and data of the object are one for all lanes.  DRAM is reached by transfers only.
 * Registers and banks are stored word by word, lane by lane: word w (4 bytes) of lane l is words[w * lanes + l].
 *
 * Numbers.  IEEE 754, round to nearest even; other rounding modes for conversions to integers alone (a fault elsewhere); exception flags are not kept; NaN is canonical.
 * Tail and masked-off elements keep what they had, under every policy.  The array multiplies, rounds, adds, rounds in f32 (integers: wraps in i32) in the order of k.
 * Transcendentals are within 1 unit in the last place of f32, and of f16 after one more rounding.
 *
 * Addresses.  Code and data of the object lie from RVV_IMAGE_ADDRESS on, the stack at RVV_STACK_ADDRESS; symbols, windows and tensors have to lie elsewhere. */
#ifndef LOOM_SIM_RVV_RVV_H
#define LOOM_SIM_RVV_RVV_H
#include "base/diag.h"
#include "isa/isa.h"

#define RVV_IMAGE_ADDRESS UINT64_C(0x60000000)
#define RVV_IMAGE_BYTES_MAX (UINT64_C(64) << 20)
#define RVV_STACK_ADDRESS UINT64_C(0x68000000)
enum { RVV_LANES_MAX = 1024, RVV_VLEN_BITS_MAX = 1024, RVV_STACK_BYTES = 16 << 10, RVV_STACK_BYTES_MAX = 1 << 20, RVV_ARGS_MAX = 64, RVV_DMAS_MAX = 16, RVV_ARRAY_ROWS_MAX = 2048 };

/* lanes 1..RVV_LANES_MAX (also the size of the array); vlen_bits a power of two, 64..RVV_VLEN_BITS_MAX; stack_bytes of one lane, a multiple of 16 (0: RVV_STACK_BYTES). */
typedef struct rvv_config { int lanes, vlen_bits, stack_bytes; } rvv_config;
typedef struct rvv_symbol { const char *name; uint64_t address; } rvv_symbol;

/* An object in place, decoded.  Never written after rvv_load: any number of cores (and threads) may run it. */
typedef struct rvv_image rvv_image;
/* `bytes` are not kept.  `path` names them in diagnostics.
 * LOOM_EINPUT: no such object, or damaged; LOOM_EUNSUP: a relocation that is not known, by its name; symbols that `symbols` does not have, all of them named. */
LOOM_MUST_USE loom_status rvv_load(loom_ctx *ctx, const char *path, const void *bytes, size_t size, const rvv_symbol *symbols, size_t n_symbols, const rvv_config *config,
                                   rvv_image **out);
/* The symbols an object needs, in symbol table order: who makes the table can ask first. */
LOOM_MUST_USE loom_status rvv_undefined(loom_ctx *ctx, const char *path, const void *bytes, size_t size, const char *const **out_names, size_t *out_n);
/* Address of a function of the object; 0: none of that name. */
uint64_t rvv_find(const rvv_image *image, const char *name);

/* ---- what a call is given ---- */

/* Scratchpad from `address` on: lane_bytes (a multiple of 4) of each lane.  A write to one that is_read_only is a fault. */
typedef struct rvv_window { uint64_t address, lane_bytes; uint32_t *words; bool is_read_only; } rvv_window;
typedef struct rvv_tensor { uint64_t address, bytes; void *data; bool may_write; const char *name; /* for faults; may be NULL */ } rvv_tensor;

/* The systolic array: weights, rows in, rows out.  Kept by the caller over calls.  The first weights after a product start new ones; rows of weights that were not pushed are not
 * multiplied with; a product takes all rows of input and leaves as many in the output queue. */
typedef struct rvv_array rvv_array;
rvv_array *rvv_array_new(arena *mem, int lanes);
void rvv_array_reset(rvv_array *a);
/* Rows that wait: of weights since the last product, of input, of output. */
typedef struct rvv_array_rows { int weights, inputs, outputs; } rvv_array_rows;
rvv_array_rows rvv_array_waiting(const rvv_array *a);
/* A product with fewer rows of weights than lanes becomes a fault (a program that forgot to push zeros). */
void rvv_array_set_strict(rvv_array *a, bool is_strict);

typedef struct rvv_job {
  uint64_t entry;                       /* from rvv_find */
  const int64_t *args; int n_args;      /* at most RVV_ARGS_MAX */
  const rvv_window *windows; int n_windows;
  const rvv_tensor *tensors; int n_tensors;
  rvv_array *array;                     /* NULL: an instruction of the array is a fault */
  int64_t budget;                       /* instructions, and elements of transfers / lanes; <= 0: none */
} rvv_job;

/* ---- what comes of it ---- */

/* X(name, as it is printed, text) */
#define RVV_FAULT_LIST(X) \
  X(BAD_INSTRUCTION, "bad_instruction", "an instruction that this core does not have") \
  X(BAD_PC, "bad_pc", "a jump to where there is no code") \
  X(TRAP, "trap", "the program stops itself") \
  X(NO_MEMORY, "no_memory", "an address where there is no memory") \
  X(STACK, "stack", "more stack than a lane has") \
  X(READ_ONLY, "read_only", "a write to what may only be read") \
  X(MISALIGNED, "misaligned", "an address that is no multiple of the access") \
  X(LANES_DIFFER, "lanes_differ", "a scalar register would get another value in every lane") \
  X(BAD_VTYPE, "bad_vtype", "a vector instruction that its vector type does not allow") \
  X(ROUNDING, "rounding", "a rounding mode other than to nearest even") \
  X(BAD_TRANSFER, "bad_transfer", "DMA words that make no transfer") \
  X(OUT_OF_TENSOR, "out_of_tensor", "a transfer outside its tensor") \
  X(OUT_OF_BANK, "out_of_bank", "a transfer outside its tile in the scratchpad") \
  X(ARRAY_QUEUE, "array_queue", "rows that the array has no room for, or does not have") \
  X(ARRAY_KIND, "array_kind", "numbers of two kinds, or of none the array knows") \
  X(BUDGET, "budget", "more instructions than were allowed")
typedef enum rvv_fault_kind {
  RVV_FINE,
#define X(name, printed, text) RVV_##name,
  RVV_FAULT_LIST(X)
#undef X
  RVV_FAULTS
} rvv_fault_kind;
const char *rvv_fault_name(rvv_fault_kind k);          /* "out_of_tensor" */

typedef struct rvv_fault {
  rvv_fault_kind kind;
  const char *function;                 /* nearest before, of the image; NULL: none */
  uint64_t offset;                      /* of the instruction in it, bytes */
  uint64_t address;                     /* of the instruction */
  uint32_t word;
  char text[320];                       /* one line: what, in which function, the instruction, the address or the numbers it is about */
} rvv_fault;

typedef struct rvv_report {
  int64_t instructions;
  int n_dmas; isa_dma dmas[RVV_DMAS_MAX];              /* the first transfers; n_dmas counts all */
} rvv_report;

/* Registers and stack of one core, for calls one after the other; vector registers are NaN at the start of a call. */
typedef struct rvv_core rvv_core;
rvv_core *rvv_core_new(arena *mem, const rvv_image *image);
/* Runs a function to its return.  Memory keeps what was done before a fault.  `report` may be NULL. */
rvv_fault_kind rvv_call(rvv_core *core, const rvv_job *job, rvv_report *report, rvv_fault *out_fault);
/* What the function left in a0. */
int64_t rvv_result(const rvv_core *core);
#endif
