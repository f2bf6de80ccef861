/* Programs as machine code of an NPU's cores: RV64GCV with XSfvcp and the DMA instructions, one object of a module, by stock LLVM.
 *
 *   module after loom-to-vcix, outlining and loom-lower-dma --npt_riscv_lower--> dialect LLVM --LLVM--> object, assembly text
 *
 * What the object needs and gives: one function for each function of the module, of its name, lp64d, indices and integers as i64; undefined symbols are tiles (memref.global in memory
 * space 1, by its name) and tensors (memref.global without a value, dram_<n>), reached through the global offset table, so that they may lie anywhere.  Nothing else is undefined.
 * The module's own constants are in the object.  Waits have no code.
 *
 * vcix: fixed vectors are put into registers with as many elements as they have (vsetvli counts them; rvl only lowers that); scalable ones of functions of elements are whole, whatever
 * rvl says (PyTorchSim writes 9).  sf.vc.* that push, compute and pop stay in their order.
 *
 * Lanes: a scalar register is one for all lanes, a vector register is there in each.  So what comes from the scratchpad has to stay in vectors.  Programs must load and store vectors
 * (vector<1xf32> at least); a number taken out of a vector (vector.extract at a constant place) may be computed with by arith and math, if it goes back into a vector (vector.broadcast)
 * or to memory (memref.store), not into loops' results, branches or addresses; functions are those the cores have (npt_vcix.h, sqrt, arithmetic).  vector.reduction and
 * vector.multi_reduction are done by shuffles; their result is such a number.  Violations are LOOM_EUNSUP: with their place where the program shows them, with the function where
 * only the code does. */
#ifndef LOOM_TARGET_NPU_NPT_RISCV_H
#define LOOM_TARGET_NPU_NPT_RISCV_H
#include "ir/ir.h"

enum { NPT_VLEN_MIN = 128, NPT_VLEN_MAX = 1024 };

typedef struct npt_riscv_code { char *object; size_t size; const char *assembly; /* NULL unless asked for */ } npt_riscv_code;

/* `m` becomes a module in dialect LLVM.  vlen_bits: a power of two, NPT_VLEN_MIN..NPT_VLEN_MAX. */
LOOM_MUST_USE loom_status npt_riscv_lower(ir_ctx *ir, MlirModule m, int vlen_bits);
/* `m` stays as it is; the code is ctx->mem's. */
LOOM_MUST_USE loom_status npt_riscv_compile(ir_ctx *ir, MlirModule m, int vlen_bits, bool want_asm, npt_riscv_code *out);
#endif
