/* mlir_scan: the bounded look at MLIR text before MLIR's recursive parser sees it (its stack is the only limit MLIR has), and the table of the
 * dialects that are read from files, which the walk behind the parser uses too (ir/ir_audit.c).
 * Takes: text from outside.  Leaves: LOOM_OK, or one diagnostic at the place that breaks a limit or is of a dialect that is not read. */
#ifndef LOOM_MLIR_SCAN_H
#define LOOM_MLIR_SCAN_H
#include "frontend/mlir_text/mlir_text.h"

/* Beside MLIR_TEXT_BYTES_MAX and MLIR_TEXT_DEPTH_MAX; each is named with its number where it is exceeded (LOOM_ELIMIT, docs/limits.md).
 * Tokens and depth count aliases as what they stand for: ten lines of "#b = [#a, #a]" are a thousand #a, and MLIR's printer writes them out. */
enum {
  MLIR_SCAN_TOKENS_MAX = 8000000,       /* written out */
  MLIR_SCAN_OPERATIONS_MAX = 1000000,
  MLIR_SCAN_ELEMENTS_MAX = 4000000,     /* of one dense<..> literal, as tokens between its brackets */
  MLIR_SCAN_NAME_MAX = 1024,            /* bytes of a word, value, symbol, alias */
  MLIR_SCAN_OPERATORS_MAX = 1000,       /* + - * floordiv ceildiv mod between two commas: an affine expression is a tree as deep as it is long */
  MLIR_SCAN_ALIASES_MAX = 100000
};

/* Who reads.  PROGRAMS: what is compiled or run.  STAGES: text in, text out (loom opt), where pipelines of this compiler end in llvm.  PATTERNS: pdl.
 * OWN: text that this program wrote; limits hold, dialects are not looked at. */
typedef enum mlir_reader { MLIR_READS_PROGRAMS, MLIR_READS_STAGES, MLIR_READS_PATTERNS, MLIR_READS_OWN } mlir_reader;

/* X(dialect, readers): every dialect of upstream's registry and of this compiler; readers: P programs, S stages, R patterns (rewriting), who takes it; "!": what could
 * reach outside of a program (assembly, pointers, code that rewrites code), so that nobody else may even parse it.  The others are harmless to parse, and
 * whoever compiles says that they are not supported.  A dialect that is not here does not exist in the context that parses, unless one is loaded by name
 * (loom opt --irdl-file). */
#define MLIR_DIALECT_LIST(X)                                                                                                                   \
  X(builtin, "PSR") X(func, "PS") X(arith, "PS") X(math, "PS") X(complex, "PS") X(index, "PS") X(cf, "PS") X(scf, "PS") X(affine, "PS")          \
  X(tensor, "PS") X(memref, "PS") X(linalg, "PS") X(tosa, "PS") X(vector, "PS") X(bufferization, "PS") X(shape, "PS") X(ub, "PS")                \
  X(ml_program, "PS") X(dlti, "PS") X(quant, "PS") X(loom, "PS") X(helion, "PS") X(adl, "PS") X(df, "PS") X(togsim, "PS") X(torchsim, "PS")      \
  X(vcix, "PS") X(mips, "PS") X(ttkernel, "PS") X(check, "PS") X(util, "PS") X(llvm, "S!") X(pdl, "R!")                                          \
  X(emitc, "!") X(irdl, "!") X(nvvm, "!") X(pdl_interp, "!") X(ptr, "!") X(rocdl, "!") X(smt, "!") X(transform, "!") X(xevm, "!")                \
  X(acc, "") X(amdgpu, "") X(amx, "") X(arm_neon, "") X(arm_sme, "") X(arm_sve, "") X(async, "") X(gpu, "") X(mpi, "") X(nvgpu, "")              \
  X(omp, "") X(shard, "") X(sparse_tensor, "") X(spirv, "") X(wasmssa, "") X(x86vector, "") X(xegpu, "")

/* Operations of dialects that are read, which programs may not have: pointers out of memory, and what aborts MLIR. */
#define MLIR_REFUSED_OP_LIST(X) X("memref.extract_aligned_pointer_as_index") X("func.call_indirect") X("func.constant")

/* May `reader` parse the dialect of "a.b" (size bytes)? */
bool mlir_scan_is_read(mlir_reader reader, const char *name, size_t size);
/* Says that it may not; always LOOM_EINPUT. */
loom_status mlir_scan_refuse(loom_ctx *ctx, loom_span at, const char *what, const char *name, size_t size);

/* Looks at `bytes`, which was made from `shown` line by line.  LOOM_ELIMIT: a limit above.  LOOM_EINPUT: a NUL byte or bytecode, a name of an operation with an
 * escape, or iterator types that are no strings (MLIR aborts on them).  Also names of dialects that `reader` may not parse,
 * all of them.  Linear in the text; allocates for aliases only. */
LOOM_MUST_USE loom_status mlir_scan(loom_ctx *ctx, const diag_source *shown, const char *bytes, size_t size, mlir_reader reader);
#endif
