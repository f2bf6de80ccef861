/* NoC transfers between DRAM and L1 addresses that are known not to be equal mod the network's alignment: on a board they never end. */
#include "dialect/ttkernel.h"

enum { MOST = 64 };
/* A value that is `rest` mod `mod` (a power of two, at most MOST). */
typedef struct residue { int64_t mod, rest; } residue;

static int64_t low_bit(int64_t c) { return c == 0 ? MOST : c & -c; }
static int64_t at_most(int64_t m) { return m > MOST ? MOST : m; }
static int64_t floor_mod(int64_t x, int64_t m) { return (x % m + m) % m; }

static residue residue_of(MlirValue v, int depth) {
  MlirOperation op = ir_def(v);
  const residue unknown = {1, 0};
  int64_t c;
  if (ir_const_int(v, &c))
    return (residue){MOST, floor_mod(c, MOST)};
  if (depth == 0 || mlirOperationIsNull(op))
    return unknown;
  if (ir_op_is(op, "ttkernel.get_write_ptr") || ir_op_is(op, "ttkernel.get_read_ptr"))
    return (residue){MOST, 0};           /* circular buffers begin at, and have pages of, multiples of it */
  bool adds = ir_op_is(op, "arith.addi"), subtracts = ir_op_is(op, "arith.subi"), multiplies = ir_op_is(op, "arith.muli");
  if (!adds && !subtracts && !multiplies)
    return unknown;
  residue a = residue_of(ir_operand(op, 0), depth - 1), b = residue_of(ir_operand(op, 1), depth - 1);
  if (multiplies && ir_const_int(ir_operand(op, 1), &c))
    a.mod = at_most(a.mod * low_bit(c)), b.mod = MOST;
  else if (multiplies && ir_const_int(ir_operand(op, 0), &c))
    b.mod = at_most(b.mod * low_bit(c)), a.mod = MOST;
  int64_t m = a.mod < b.mod ? a.mod : b.mod;
  return (residue){m, floor_mod(multiplies ? a.rest * b.rest : adds ? a.rest + b.rest : a.rest - b.rest, m)};
}

/* The offset in its page of a NoC address in DRAM. */
static bool dram_offset(MlirValue address, residue *out) {
  MlirOperation op = ir_def(address);
  if (!ir_op_is(op, "ttkernel.tensor_accessor_get_noc_addr"))
    return false;
  *out = ir_num_operands(op) > 2 ? residue_of(ir_operand(op, 2), 32) : (residue){MOST, 0};
  return true;
}

bool ttkernel_is_misaligned(MlirOperation op, int64_t read_align, int64_t *dram, int64_t *l1, int64_t *align) {
  bool reads = ir_op_is(op, "ttkernel.noc_async_read"), writes = ir_op_is(op, "ttkernel.noc_async_write");
  residue far, near;
  if ((!reads && !writes) || !dram_offset(ir_operand(op, reads ? 0 : 1), &far))
    return false;
  near = residue_of(ir_operand(op, reads ? 1 : 0), 32);
  *align = at_most(reads ? read_align : 16);
  int64_t m = far.mod < near.mod ? far.mod : near.mod;
  m = m < *align ? m : *align;
  *dram = floor_mod(far.rest, m);
  *l1 = floor_mod(near.rest, m);
  *align = m;
  return *dram != *l1;
}
