/* ir: the only room that includes mlir-c.  Checked wrappers over MLIR 22's C API: MLIR is built without assertions, so every wrapper
 * checks null handles, kinds and indices itself and turns a violation into LOOM_EBUG or a null result instead of undefined behaviour.
 * Takes: loom_ctx.  Leaves: contexts, modules, a builder, walking and matching; MLIR's diagnostics land in ctx->diag. */
#ifndef LOOM_IR_IR_H
#define LOOM_IR_IR_H
#include "base/data.h"
#include "base/dtype.h"
#include "base/text.h"
#include "frontend/mlir_text/mlir_scan.h"
#include <mlir-c/AffineExpr.h>
#include <mlir-c/AffineMap.h>
#include <mlir-c/BuiltinAttributes.h>
#include <mlir-c/BuiltinTypes.h>
#include <mlir-c/Diagnostics.h>
#include <mlir-c/IR.h>
#include <mlir-c/IntegerSet.h>
#include <mlir-c/Pass.h>
#include <mlir-c/Rewrite.h>

/* One MLIR context per compile: all dialects registered, threads off, unregistered ops refused unless asked, diagnostics into `ctx`. */
typedef struct ir_ctx {
  loom_ctx *ctx;
  MlirContext mlir;
  MlirLocation unknown;              /* unknown location */
  const diag_source *source;         /* of the text being parsed, so that MLIR locations become spans */
  const char *printed;               /* what passes have to show besides the module; the command line prints it.  NULL: nothing */
  bool quiet;                        /* diagnostics are dropped (trial parses) */
  loom_status blame;                 /* status of MLIR's errors outside ir_parse: LOOM_EBUG (our IR) unless the user wrote the pipeline */
  mlir_reader reads;                 /* whose texts ir_parse takes; zero: programs */
  int parsed;                        /* texts given to MLIR's parser so far, dialects not counted */
  bool out_of_memory;                /* the diagnostic handler ran out of memory inside MLIR; raised when MLIR has returned */
} ir_ctx;

/* `*out` must stay at its address until ir_close: MLIR's diagnostic handler points to it. */
LOOM_MUST_USE loom_status ir_open(loom_ctx *ctx, LOOM_GIVE ir_ctx *out);
void ir_close(ir_ctx *ir);
void ir_allow_unregistered(ir_ctx *ir, bool allow);
bool ir_allows_unregistered(ir_ctx *ir);
/* Adds the translations from MLIR dialects to LLVM IR (codegen needs them; the rest of the compiler does not pay for them). */
void ir_register_translations(ir_ctx *ir);

/* Parses a module from outside, for `ir->reads`: mlir_scan first, then MLIR's parser and verifier, then a walk for what the scan cannot see.  A refusal is
 * LOOM_EINPUT or LOOM_ELIMIT with spans in `path`. */
LOOM_MUST_USE loom_status ir_parse(ir_ctx *ir, const char *path, const char *text, size_t size, LOOM_GIVE MlirModule *out);
/* The same for text that was made from `shown`, line by line: spans show its lines. */
LOOM_MUST_USE loom_status ir_parse_shown(ir_ctx *ir, const diag_source *shown, const char *text, size_t size, LOOM_GIVE MlirModule *out);
/* Text that this program wrote, none of it a user's: any dialect; `name` is where diagnostics say it is from. */
LOOM_MUST_USE loom_status ir_parse_own(ir_ctx *ir, const char *name, const char *text, size_t size, LOOM_GIVE MlirModule *out);
/* What a module from outside may hold, by the table of mlir_scan.h: LOOM_EINPUT with the place of each operation that is of a forbidden dialect or is
 * refused, and of each attribute that LLVM would take for one of its own (section, passthrough ..). */
LOOM_MUST_USE loom_status ir_audit(ir_ctx *ir, MlirModule m);
/* LOOM_EBUG (ir->blame) when the module breaks a rule of its dialects. */
LOOM_MUST_USE loom_status ir_verify(ir_ctx *ir, MlirModule m);
/* Module text; generic form with `generic`, or where the other would not read back; always local scope (no #map aliases).  Owned by `mem`. */
const char *ir_print(arena *mem, MlirOperation op, bool generic);
/* The module text with loom ops in the assembly of upstream's tools, which ir_parse reads too. */
const char *ir_print_upstream(arena *mem, MlirOperation op);
/* With the contents of resources behind it, which only a module at the top has. */
const char *ir_print_whole(arena *mem, MlirOperation op);
const char *ir_print_type(arena *mem, MlirType t);
const char *ir_print_attr(arena *mem, MlirAttribute a);
MlirModule ir_clone_module(MlirModule m);
/* Moves the top-level operations of `from` to the end of `to` and closes `from`; a declaration of a function `to` has is dropped. */
void ir_move_into(MlirModule to, LOOM_TAKE MlirModule from);
/* Parses functions (our own text; `name` is where diagnostics say it is from) and moves them to the end of `m`. */
LOOM_MUST_USE loom_status ir_add_functions(ir_ctx *ir, MlirModule m, const char *name, const char *functions);
void ir_close_module(LOOM_TAKE MlirModule m);          /* a null handle is fine */

/* Loads the dialects that an IRDL text defines; once per context and dialect.  An irdl.operation may have an attribute spelled = "v.iv": its name with dots. */
LOOM_MUST_USE loom_status ir_load_irdl(ir_ctx *ir, const char *path, const char *text);
bool ir_knows_op(ir_ctx *ir, const char *name);                       /* is the op registered in this context? */
bool ir_knows_dialect(ir_ctx *ir, const char *op_name);                /* is there a dialect for "a.b"?  It is loaded. */

/* ---- types and attributes ---- */
MlirType ir_type(ir_ctx *ir, const char *text);                       /* parsed; null and LOOM_EBUG diagnostic when malformed */
MlirType ir_index_type(ir_ctx *ir);
MlirType ir_dtype(ir_ctx *ir, dtype t);
bool ir_type_dtype(MlirType t, dtype *out);                           /* element type of an MLIR scalar/shaped type */
MlirAttribute ir_attr(ir_ctx *ir, const char *text);                  /* parsed */
MlirAttribute ir_int_attr(ir_ctx *ir, int64_t v);                     /* v : i64 */
MlirAttribute ir_index_attr(ir_ctx *ir, int64_t v);                   /* v : index */
MlirAttribute ir_str_attr(ir_ctx *ir, const char *s);
MlirAttribute ir_bool_attr(ir_ctx *ir, bool b);
MlirAttribute ir_symbol_attr(ir_ctx *ir, const char *name);           /* @name */
MlirAttribute ir_unit_attr(ir_ctx *ir);
MlirAttribute ir_type_attr(MlirType t);
MlirAttribute ir_attr_of(MlirOperation op, const char *name);         /* inherent or discardable; null when absent */
bool ir_attr_int(MlirAttribute a, int64_t *out);
const char *ir_attr_string(arena *mem, MlirAttribute a);              /* StringAttr or FlatSymbolRef; NULL otherwise */

/* ---- looking at operations ---- */
const char *ir_op_name(MlirOperation op);                             /* "linalg.matmul"; lives as long as the context */
bool ir_op_is(MlirOperation op, const char *name);
intptr_t ir_num_operands(MlirOperation op);
MlirValue ir_operand(MlirOperation op, intptr_t i);                   /* null when out of range */
MlirValue ir_result(MlirOperation op, intptr_t i);
MlirRegion ir_region(MlirOperation op, intptr_t i);
MlirBlock ir_body(MlirOperation op);                                  /* first block of region 0, or null */
MlirOperation ir_def(MlirValue v);                                    /* defining op, null for block arguments */
bool ir_const_int(MlirValue v, int64_t *out);                         /* arith.constant of index or integer */
loom_span ir_span(ir_ctx *ir, MlirOperation op);                      /* from its file location, else no span */
/* Operand segment `segment` of an op with operandSegmentSizes: first index and count. */
bool ir_segment(MlirOperation op, int segment, intptr_t *first, intptr_t *count);
/* Pre- and post-order over op and everything inside; fn returns false to stop, which makes the walk return false.
 * fn may allocate in arenas (only C frames are between).  In post-order fn may erase the visited op; in pre-order it may not. */
bool ir_walk(MlirOperation op, bool (*fn)(MlirOperation, void *), void *data);
bool ir_walk_post(MlirOperation op, bool (*fn)(MlirOperation, void *), void *data);
/* Counts the operations called `name` (NULL: all) in op and everything inside. */
intptr_t ir_count(MlirOperation op, const char *name);
MlirOperation ir_find_func(MlirModule m, const char *name);           /* func.func by symbol; NULL name: the first one */
/* The operation of the block with this symbol, called `op_name` (NULL: any); a null op: none. */
MlirOperation ir_find_symbol(ir_ctx *ir, MlirBlock block, const char *op_name, const char *symbol);
const char *ir_func_name(arena *mem, MlirOperation func);
/* Bytes; page 0: in DRAM. */
typedef struct ir_l1_place { int64_t page, offset; } ir_l1_place;
/* Where argument `i` lies.  False: what its attributes say is no place. */
bool ir_argument_l1(ir_ctx *ir, MlirOperation func, intptr_t i, ir_l1_place *out);
void ir_set_argument_l1(ir_ctx *ir, MlirOperation func, intptr_t i, ir_l1_place place);
/* The attributes of an argument, a dictionary or null, and where it lies. */
MlirAttribute ir_with_l1(ir_ctx *ir, MlirAttribute own, ir_l1_place place);
/* The name of argument `i`: its attribute loom.name, else what the text that was parsed calls it ("%x_arg" is "x"), else "arg<i>". */
const char *ir_argument_name(ir_ctx *ir, MlirOperation func, intptr_t i);

/* ---- building ---- */
typedef struct ir_builder { ir_ctx *ir; MlirBlock block; MlirOperation before; MlirLocation loc; } ir_builder;   /* `before` null: append at the end */
typedef struct ir_named { const char *name; MlirAttribute attr; } ir_named;
ir_builder ir_at_end(ir_ctx *ir, MlirBlock block);
ir_builder ir_before(ir_ctx *ir, MlirOperation op);
/* Creates and inserts an op.  Counts may be 0.  Regions are taken.  A failed creation is LOOM_EBUG in ctx->diag and a null op. */
MlirOperation ir_build(ir_builder *b, const char *name, intptr_t n_results, const MlirType *results, intptr_t n_operands,
                       const MlirValue *operands, intptr_t n_attrs, const ir_named *attrs, intptr_t n_regions, MlirRegion *regions);
/* ir_build for the common case of one result and no regions: the result value, null on failure. */
MlirValue ir_build1(ir_builder *b, const char *name, MlirType result, intptr_t n_operands, const MlirValue *operands, intptr_t n_attrs,
                    const ir_named *attrs);
MlirValue ir_index_const(ir_builder *b, int64_t v);
/* A region with one block that has arguments of the n given types; *out_block may be NULL. */
MlirRegion ir_new_region(ir_ctx *ir, intptr_t n, const MlirType *types, MlirBlock *out_block);
/* A named linalg op with one destination ("linalg.matmul", "linalg.fill") and the body its name implies.  `result` null: on memrefs. */
enum { IR_LINALG_INPUTS_MAX = 3 };
MlirOperation ir_build_named_linalg(ir_builder *b, const char *name, intptr_t n_in, const MlirValue *ins, MlirValue out, MlirType result);
/* The indexing maps of a linalg op, named ones too, one for each operand; null when `op` is none. */
MlirAttribute ir_linalg_maps(MlirOperation op);
void ir_set_attr(MlirOperation op, const char *name, MlirAttribute a);      /* null `a` removes it */
/* Erases an op whose results are unused; false (and nothing done) when one is used. */
bool ir_erase(MlirOperation op);
void ir_replace_uses(MlirValue of, MlirValue with);

/* ---- rewriting by text ---- */
/* pdl patterns, applied greedily to everything in `op`; the result is verified.  LOOM_EINPUT: the text is wrong or holds something else, with its place;
 * LOOM_EUNSUP: native functions; LOOM_ELIMIT: the patterns go on matching. */
LOOM_MUST_USE loom_status ir_apply_patterns(ir_ctx *ir, MlirOperation op, const char *path, const char *bytes, size_t size);
/* A module with one transform.named_sequence, applied to `op`: its argument.  Text of ours: what is wrong with it is LOOM_EBUG. */
LOOM_MUST_USE loom_status ir_apply_schedule(ir_ctx *ir, MlirOperation op, const char *schedule);

/* ---- pipelines of upstream passes ---- */
/* "builtin.module(canonicalize,func.func(cse))".  A pipeline MLIR can't read or a pass that fails is ir->blame. */
LOOM_MUST_USE loom_status ir_run_pipeline(ir_ctx *ir, MlirModule m, const char *pipeline);

#endif
