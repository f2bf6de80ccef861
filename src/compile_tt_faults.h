/* Seeded faults in emitted programs; included by compile_tt_faults_test.c only.
 *
 * An operator makes one small edit at a place drawn at random in the ttkernel module of a program that is right, as a mistake of the emitter would.  `reports`:
 * what the emulation may say of it; "numbers": nothing, but the result is wrong. */
#ifndef LOOM_COMPILE_TT_FAULTS_H
#define LOOM_COMPILE_TT_FAULTS_H
#include "base/rng.h"
#include "compile_tt.h"
#include <stdio.h>
#include <string.h>

enum { FAULT_PLACES = 512, FAULT_REPORTS = 8 };
typedef struct tt_fault tt_fault;
typedef struct fault_site { ir_ctx *ir; MlirModule m; rng r; MlirOperation at[FAULT_PLACES]; int n; const tt_fault *fault; char what[300]; } fault_site;
struct tt_fault {
  const char *name, *op;               /* an op it edits; "" : see `choose` */
  bool (*choose)(const fault_site *s, MlirOperation op);      /* NULL: any */
  void (*edit)(fault_site *s, MlirOperation op);
  const char *reports[FAULT_REPORTS];
};

static inline void fault_erase(fault_site *s, MlirOperation op) {
  (void)s;
  ir_erase(op);
}

/* Operand i becomes itself plus n. */
static inline void fault_add(fault_site *s, MlirOperation op, intptr_t i, int64_t n) {
  ir_builder b = ir_before(s->ir, op);
  MlirType i32 = ir_type(s->ir, "i32");
  ir_named value = {"value", mlirIntegerAttrGet(i32, n)};
  MlirValue more = ir_build1(&b, "arith.constant", i32, 0, NULL, 1, &value);
  mlirOperationSetOperand(op, i, ir_build1(&b, "arith.addi", i32, 2, (MlirValue[]){ir_operand(op, i), more}, 0, NULL));
}

static inline void fault_scale(fault_site *s, MlirOperation op, intptr_t i, int64_t by) {
  ir_builder b = ir_before(s->ir, op);
  MlirType i32 = ir_type(s->ir, "i32");
  ir_named value = {"value", mlirIntegerAttrGet(i32, by)};
  MlirValue n = ir_build1(&b, "arith.constant", i32, 0, NULL, 1, &value);
  mlirOperationSetOperand(op, i, ir_build1(&b, "arith.divsi", i32, 2, (MlirValue[]){ir_operand(op, i), n}, 0, NULL));
}

static inline void fault_count_up(fault_site *s, MlirOperation op) { fault_add(s, op, 1, 1); }
static inline void fault_one_more_core(fault_site *s, MlirOperation op) { fault_add(s, op, 3, 1); }
static inline void fault_far_page(fault_site *s, MlirOperation op) { fault_add(s, op, 0, 1000000); }
static inline void fault_next_page(fault_site *s, MlirOperation op) { fault_add(s, op, 0, 1); }
static inline void fault_odd_address(fault_site *s, MlirOperation op) { fault_add(s, op, 2, 8); }
static inline void fault_far_register(fault_site *s, MlirOperation op) { fault_add(s, op, 2, 16); }
static inline void fault_far_tile(fault_site *s, MlirOperation op) { fault_add(s, op, 1, 100); }
static inline void fault_far_pack(fault_site *s, MlirOperation op) { fault_add(s, op, 2, 100); }
static inline void fault_half_bytes(fault_site *s, MlirOperation op) { fault_scale(s, op, 2, 2); }
static inline void fault_swap(fault_site *s, MlirOperation op) {
  (void)s;
  MlirValue a = ir_operand(op, 0);
  mlirOperationSetOperand(op, 0, ir_operand(op, 1));
  mlirOperationSetOperand(op, 1, a);
}
static inline void fault_transpose(fault_site *s, MlirOperation op) {
  ir_builder b = ir_before(s->ir, op);
  MlirType i32 = ir_type(s->ir, "i32");
  int64_t now = 0;
  ir_const_int(ir_operand(op, 5), &now);
  ir_named value = {"value", mlirIntegerAttrGet(i32, !now)};
  mlirOperationSetOperand(op, 5, ir_build1(&b, "arith.constant", i32, 0, NULL, 1, &value));
}
/* The loop ends one turn early. */
static inline void fault_shorten(fault_site *s, MlirOperation op) { fault_add(s, op, 1, -1); }

static inline bool fault_in(MlirOperation op, const char *func) {
  MlirOperation at = op;
  while (!mlirOperationIsNull(at) && !ir_op_is(at, "func.func"))
    at = mlirOperationGetParentOperation(at);
  MlirAttribute name = ir_attr_of(at, "sym_name");
  return !mlirAttributeIsNull(name) && mlirStringRefEqual(mlirStringAttrGetValue(name), mlirStringRefCreateFromCString(func));
}

static inline const char *fault_cb_name(arena *m, MlirOperation op) { return ir_attr_string(m, ir_attr_of(ir_def(ir_operand(op, 0)), "loom.name")); }

/* Does some data movement kernel push what this op waits for, and is it the first to wait? */
static inline bool fault_waits_for_reader(const fault_site *s, MlirOperation op) {
  arena *m = &s->ir->ctx->mem;
  if (!fault_in(op, "compute"))
    return false;
  MlirOperation reader = ir_find_func(s->m, "reader");
  bool found = false;
  for (MlirOperation o = mlirBlockGetFirstOperation(ir_body(reader)); !mlirOperationIsNull(o); o = mlirOperationGetNextInBlock(o))
    found = found || (ir_op_is(o, "ttkernel.get_compile_time_arg_val") && text_eq(ir_attr_string(m, ir_attr_of(o, "loom.name")), fault_cb_name(m, op)));
  for (int i = 0; found && i < s->n; i++)
    if (fault_in(s->at[i], "compute") && text_eq(fault_cb_name(m, s->at[i]), fault_cb_name(m, op)))
      return mlirOperationEqual(s->at[i], op);
  return false;
}

static inline bool fault_in_writer(const fault_site *s, MlirOperation op) {
  (void)s;
  return fault_in(op, "writer");
}

static inline bool fault_in_compute_main(const fault_site *s, MlirOperation op) {
  (void)s;
  return fault_in(op, "compute");
}

/* A loop that fills or reads tiles: innermost, its variable is used. */
static inline bool fault_loops_over_tiles(const fault_site *s, MlirOperation op) {
  (void)s;
  for (MlirOperation o = mlirBlockGetFirstOperation(ir_body(op)); !mlirOperationIsNull(o); o = mlirOperationGetNextInBlock(o))
    if (ir_op_is(o, "ttkernel.noc_async_read_tile") || ir_op_is(o, "ttkernel.matmul_block") || ir_op_is(o, "ttkernel.noc_async_write_tile"))
      return true;
  return false;
}

/* X(name, op, choose, edit, reports...) */
#define TT_FAULT_LIST(X)                                                                                                                                      \
  X("a push is lost", "cb_push_back", NULL, fault_erase, "deadlock", "cb-balance", "cb-underflow", "cb-overflow")                                            \
  X("a pop is lost", "cb_pop_front", NULL, fault_erase, "deadlock", "cb-balance", "cb-overflow")                                                             \
  X("a reservation is lost", "cb_reserve_back", NULL, fault_erase, "cb-overflow", "cb-wrap")                                                                 \
  X("a wait for tiles is lost", "cb_wait_front", fault_waits_for_reader, fault_erase, "cb-underflow", "uninitialised")                                       \
  X("a push of one tile more", "cb_push_back", NULL, fault_count_up, "cb-overflow", "cb-wrap", "cb-balance", "deadlock")                                     \
  X("a pop of one tile more", "cb_pop_front", NULL, fault_count_up, "cb-underflow", "cb-overflow", "cb-wrap", "cb-balance", "deadlock")                                     \
  X("a barrier behind reads is lost", "noc_async_read_barrier", NULL, fault_erase, "missing-read-barrier", "uninitialised", "write-in-flight")               \
  X("a barrier behind writes is lost", "noc_async_write_barrier", fault_in_writer, fault_erase, "missing-write-barrier", "source-overwritten")               \
  X("a core is not told", "noc_semaphore_inc", NULL, fault_erase, "deadlock", "semaphore-balance")                                                           \
  X("the flag of a multicast is lost", "noc_semaphore_set_multicast", NULL, fault_erase, "deadlock")                                                         \
  X("one core too many in a multicast", "noc_async_write_multicast", NULL, fault_one_more_core, "multicast-dests")                                           \
  X("half of a multicast", "noc_async_write_multicast", NULL, fault_half_bytes, "uninitialised", "numbers")                                                  \
  X("a page far off is read", "noc_async_read_tile", NULL, fault_far_page, "dram-bounds", "buffer")                                                          \
  X("the next page is read", "noc_async_read_tile", NULL, fault_next_page, "numbers", "dram-bounds", "buffer", "uninitialised")                                               \
  X("a page far off is written", "noc_async_write_tile", NULL, fault_far_page, "dram-bounds", "buffer")                                                      \
  X("a read to an address between", "noc_async_read_tile", NULL, fault_odd_address, "congruence")                                                            \
  X("a write from an address between", "noc_async_write_tile", NULL, fault_odd_address, "congruence", "uninitialised")                                                       \
  X("a register that is not there", "copy_tile", NULL, fault_far_register, "dst-capacity")                                                                   \
  X("a tile that is not there", "copy_tile", NULL, fault_far_tile, "cb-underflow", "l1-bounds")                                                              \
  X("a pack behind the slot", "pack_tile", NULL, fault_far_pack, "cb-overflow", "l1-bounds")                                                                 \
  X("registers are not acquired", "tile_regs_acquire", NULL, fault_erase, "dst-order")                                                                       \
  X("registers are not committed", "tile_regs_commit", NULL, fault_erase, "dst-order", "deadlock")                                                           \
  X("the packer does not wait", "tile_regs_wait", NULL, fault_erase, "dst-order")                                                                            \
  X("registers are not released", "tile_regs_release", NULL, fault_erase, "dst-order", "deadlock")                                                           \
  X("a difference the other way round", "sub_binary_tile", NULL, fault_swap, "numbers")                                                                      \
  X("a factor transposed", "matmul_block", NULL, fault_transpose, "numbers", "init")                                                                         \
  X("a tile is left out", "scf.for", fault_loops_over_tiles, fault_shorten, "uninitialised", "numbers", "missing-write-barrier")
#endif
