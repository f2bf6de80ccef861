/* What the three readers of device_ir fill and what the writer of syntax trees takes.
 * Arguments, sizes and symbols are small Python expressions (syn_node): names are nodes of the same graph in arguments, symbols in sizes. */
#ifndef LOOM_DEVICE_IR_DIR_PRIVATE_H
#define LOOM_DEVICE_IR_DIR_PRIVATE_H
#include "base/budget.h"
#include "frontend/device_ir/device_ir.h"

enum { DIR_NODES_MAX = 1 << 17, DIR_NESTING_MAX = 32, DIR_STATEMENTS_MAX = 1 << 14, DIR_SIZE_PARTS_MAX = 1000 };

/* What a node gives: a tensor (is_tensor), a number (scalar != NULL), or nothing that was written down. */
typedef struct dir_value { bool is_tensor; dtype type; int rank; const syn_node *dim[KERNEL_RANK_MAX]; const syn_node *scalar; } dir_value;

typedef enum dir_op { DIR_PLACEHOLDER, DIR_CALL, DIR_OUTPUT } dir_op;
typedef struct dir_node {
  dir_op op;
  const char *name;
  const char *target;              /* "aten.mul.Tensor", "_for_loop", "load", "add": dir_target has taken modules and addresses off */
  syn_node **args; size_t n_args;
  const char **keys; syn_node **values; size_t n_keys;
  dir_value val;
  int uses;
  loom_span span;
} dir_node;

/* X(name, class in dumps, prefix of the name in readable text) */
#define DIR_CLASS_LIST(X)                                                                                       \
  X(ROOT, "RootGraphInfo", "root_graph_") X(FOR, "ForLoopGraphInfo", "for_loop_")                               \
  X(REDUCTION, "ReductionLoopGraphInfo", "reduction_loop_") X(IF, "IfGraphInfo", "if_graph_")                   \
  X(ELSE, "ElseGraphInfo", "else_graph_") X(WHILE_TEST, "WhileConditionGraphInfo", "while_condition_")          \
  X(WHILE, "WhileLoopGraphInfo", "while_loop_") X(HELPER, "HelperFunctionGraphInfo", "helper_function_")               \
  X(HOST, "LoomHostGraphInfo", "host_graph_")
typedef enum dir_class {
#define X(n, ...) DIR_##n,
  DIR_CLASS_LIST(X)
#undef X
  DIR_OTHER
} dir_class;

/* One result of an IF: which output of each branch, -1: it stays as it was. */
typedef struct dir_branch { int yes, no; } dir_branch;
typedef struct dir_graph {
  int id;
  dir_class kind;
  const char *name;
  VEC_OF(dir_node) nodes;
  bool has_blocks; int n_blocks, block[KERNEL_RANK_MAX];   /* ROOT, FOR: indices into dir_program.blocks */
  const syn_node *begin[KERNEL_RANK_MAX];                  /* ROOT: of its ranges; NULL: 0 */
  bool has_branches; VEC_OF(dir_branch) branches;          /* IF */
  int phase;
  bool is_open;                                            /* being written out */
  loom_span span;
} dir_graph;

typedef struct dir_block {
  int id;
  const char *var, *name;          /* its symbol ("u4"); name: of the loop variable, NULL: "tile_<id>" */
  const syn_node *size, *fixed;    /* NULL: unknown, not fixed */
  bool is_reduction, is_open;      /* is_open: one of its loops is being written out */
  bool is_registered;              /* used outside of its loops: needs hl.register_block_size */
  bool is_taken;                   /* some graph has it */
  const char *index;               /* of hl.grid: the symbol of the loop's index; `fixed` is its step */
  int64_t preferred;
  loom_span span;
} dir_block;

typedef struct dir_symbol { const char *name; bool has_value, is_hint; int64_t value; const syn_node *expr; } dir_symbol;

typedef enum dir_role { DIR_UNKNOWN, DIR_ARG, DIR_ALLOC, DIR_VIEW } dir_role;
typedef struct dir_tensor {
  const char *name;
  dir_role role;
  dir_value val;
  bool has_fill, is_returned, is_stored, is_loaded, by_atomic;
  kernel_fill fill; double fill_value;
  const char *base; const syn_node *offset, *stride[KERNEL_RANK_MAX];   /* VIEW */
  int first_use;                   /* order of the first use; -1: none */
  loom_span span;
} dir_tensor;

typedef struct dir_program {
  loom_ctx *ctx;
  arena *mem;
  const diag_source *source;
  const device_ir_options *options;
  const char *name;
  VEC_OF(dir_graph) graphs;
  VEC_OF(dir_block) blocks;
  VEC_OF(dir_symbol) symbols;
  VEC_OF(dir_tensor) tensors;
  VEC_OF(int) roots;               /* indices into graphs */
  bool has_roles, has_returns, has_phases;
  bool is_dynamic;                 /* static_shapes=False */
  bool assume_divides;             /* assume_divisible_tiles */
  VEC_OF(const char *) returns;
  size_t n_nodes;
} dir_program;

/* ---- dir_syn.c: building syntax trees ---- */
syn_node *dir_syn_name(arena *m, loom_span at, const char *name);
syn_node *dir_syn_path(arena *m, loom_span at, const char *dotted);           /* "torch.addmm" */
syn_node *dir_syn_none(arena *m, loom_span at);
syn_node *dir_syn_int(arena *m, loom_span at, int64_t v);
syn_node *dir_syn_float(arena *m, loom_span at, double v);
syn_node *dir_syn_bool(arena *m, loom_span at, bool v);
syn_node *dir_syn_string(arena *m, loom_span at, const char *s);
syn_node *dir_syn_list(arena *m, loom_span at, syn_kind kind, syn_node **items, size_t n);   /* SYN_List, SYN_Tuple */
syn_node *dir_syn_slice(arena *m, loom_span at, syn_node *lower, syn_node *upper, syn_node *step);
syn_node *dir_syn_attribute(arena *m, loom_span at, syn_node *base, const char *name);
syn_node *dir_syn_subscript(arena *m, loom_span at, syn_node *base, syn_node *index);
syn_node *dir_syn_binary(arena *m, loom_span at, syn_kind op, syn_node *a, syn_node *b);
syn_node *dir_syn_unary(arena *m, loom_span at, syn_kind op, syn_node *a);
syn_node *dir_syn_compare(arena *m, loom_span at, syn_kind op, syn_node *a, syn_node *b);
/* keys, values: n_keys keyword arguments. */
syn_node *dir_syn_call(arena *m, loom_span at, syn_node *f, syn_node **args, size_t n, const char *const *keys, syn_node **values, size_t n_keys);
syn_node *dir_syn_assign(arena *m, loom_span at, syn_node *target, syn_node *value);
syn_node *dir_syn_statement(arena *m, loom_span at, syn_node *value);         /* Expr */
syn_node *dir_syn_return(arena *m, loom_span at, syn_node *value);
syn_node *dir_syn_for(arena *m, loom_span at, syn_node *target, syn_node *iter, syn_node **body, size_t n);
syn_node *dir_syn_while(arena *m, loom_span at, syn_node *test, syn_node **body, size_t n);
syn_node *dir_syn_if(arena *m, loom_span at, syn_node *test, syn_node **yes, size_t n_yes, syn_node **no, size_t n_no);
syn_node *dir_syn_function(arena *m, loom_span at, const char *name, const char *const *params, size_t n_params, syn_node **body, size_t n,
                           syn_node *decorator);
syn_node *dir_syn_import(arena *m, loom_span at, const char *module);
syn_node *dir_syn_module(arena *m, loom_span at, syn_node **body, size_t n);

/* ---- dir_expr.c: Python literals and arithmetic, as reprs and sympy print them ---- */
/* One expression that takes all of s[0..n).  `at`: the place of s[0].  Unknown reprs ("<...>", device(...)) become None. */
LOOM_MUST_USE loom_status dir_parse(loom_ctx *ctx, loom_span at, const char *s, size_t n, syn_node **out);
/* Arguments "(a, [b], key=c)" or "a, b": positional into args, the others into keys. */
LOOM_MUST_USE loom_status dir_parse_arguments(loom_ctx *ctx, loom_span at, const char *s, size_t n, dir_node *out);
/* "size=(u4, 128), dtype=torch.float16" of a FakeTensor, "f32[u0, 128]", "Sym(u0)", or an expression. */
LOOM_MUST_USE loom_status dir_parse_value(loom_ctx *ctx, loom_span at, const char *s, size_t n, dir_value *out);
/* "<function load at 0x7f..>", "torch.ops.aten.exp.default", "helion_language_memory_ops_load", "_operator.add" -> the word that dir_node.target has. */
const char *dir_target(arena *m, const char *s, size_t n);

/* ---- dir_size.c: what sizes are worth ---- */
dir_symbol *dir_find_symbol(dir_program *p, const char *name);
dir_symbol *dir_add_symbol(dir_program *p, const char *name);
/* Value of `e` under the known symbols; false: some are unknown. */
bool dir_known(dir_program *p, const syn_node *e, int64_t *out);
/* What symbols and blocks stand for, written out, has an end: every walk over sizes rests on it. */
LOOM_MUST_USE loom_status dir_check_sizes(dir_program *p);
/* Equal as polynomials with floor divisions (decided at points). */
bool dir_same_size(const syn_node *a, const syn_node *b);

/* ---- the readers ---- */
LOOM_MUST_USE loom_status dir_read_tables(dir_program *p, const char *dump, size_t size);
LOOM_MUST_USE loom_status dir_read_readable(dir_program *p, const char *dump, size_t size);
LOOM_MUST_USE loom_status dir_read_json(dir_program *p, const char *path, const char *dump, size_t size);

/* ---- dir_program.c: looking ---- */
dir_graph *dir_find_graph(dir_program *p, int id);                  /* NULL when unknown */
dir_node *dir_find_node(const dir_graph *g, const char *name);
dir_block *dir_find_block(dir_program *p, int id);
/* The block that a _get_symnode node is called after ("block_size_3"); NULL: the node is another one, or there is no such block. */
dir_block *dir_named_block(dir_program *p, const dir_node *n);
dir_block *dir_block_of_symbol(dir_program *p, const syn_node *e);  /* `e` is the bare symbol of a block */
dir_tensor *dir_find_tensor(dir_program *p, const char *name);
dir_class dir_class_of(const char *name);                           /* by class name or by graph name */
LOOM_MUST_USE loom_status dir_add_node(dir_program *p, dir_graph *g, const dir_node *n);
const char *dir_name_of(const syn_node *e);                         /* of a bare name, else NULL */
/* The tensor of a node `_host_tensor('x')` that argument `i` of `n` refers to; NULL: something else. */
dir_tensor *dir_tensor_arg(dir_program *p, const dir_graph *g, const dir_node *n, size_t i);

/* ---- dir_infer.c: facts that the dump does not have ---- */
LOOM_MUST_USE loom_status dir_infer(dir_program *p);

/* ---- dir_module.c, dir_write.c, dir_call.c: the kernel as a syntax tree ---- */
typedef VEC_OF(syn_node *) dir_statements;
typedef struct dir_alias { const dir_node *node; syn_node *value; } dir_alias;   /* what stands for a node */
typedef struct dir_wish { const char *name; int last; } dir_wish;   /* name_1 .. name_<last> were tried */
typedef struct dir_writer {
  dir_program *p;
  arena *mem;
  const dir_graph *graph;          /* whose nodes names mean */
  dir_statements *out;
  dir_statements *functions;       /* of the module, in front of the kernel */
  VEC_OF(dir_alias) aliases;
  VEC_OF(const char *) names;      /* variables in use */
  VEC_OF(dir_wish) wishes;
  VEC_OF(dir_symbol) sizes;        /* symbols that are variables of the kernel (name: the symbol; expr: the variable) */
  int depth;
  budget statements;
} dir_writer;
LOOM_MUST_USE loom_status dir_write_module(dir_program *p, syn_node **out, helion_options *o);
/* Statements of the nodes of `g`; its placeholders have aliases already. */
LOOM_MUST_USE loom_status dir_write_graph(dir_writer *w, dir_graph *g);
const char *dir_fresh(dir_writer *w, const char *wish);             /* a variable that nothing else is called */
void dir_alias_node(dir_writer *w, const dir_node *n, syn_node *value);
syn_node *dir_alias_of(const dir_writer *w, const dir_node *n);     /* NULL: none yet */
/* The expression of an argument.  DIR_AS_INDEX: in an index list, block sizes are tiles; DIR_AS_SHAPE: in a list of sizes, those of loops are
 * tiles; DIR_AS_VALUE: block sizes are numbers. */
typedef enum dir_use { DIR_AS_VALUE, DIR_AS_SHAPE, DIR_AS_INDEX } dir_use;
LOOM_MUST_USE loom_status dir_argument(dir_writer *w, const dir_node *n, const syn_node *e, dir_use use, syn_node **out);
/* A size or other expression over symbols, as host or device code can compute it. */
LOOM_MUST_USE loom_status dir_size_expr(dir_writer *w, const dir_node *n, const syn_node *e, syn_node **out);
/* Tile variable of the open block that argument `e` names. */
LOOM_MUST_USE loom_status dir_tile_argument(dir_writer *w, const dir_node *n, const syn_node *e, syn_node **out);
/* Writes a CALL that is no control flow. */
LOOM_MUST_USE loom_status dir_write_call(dir_writer *w, dir_node *n);
const char *dir_tile_name(dir_program *p, const dir_block *b);
const char *dir_size_name(dir_program *p, const dir_block *b);      /* variable of a registered block size */
void dir_emit(dir_writer *w, syn_node *statement);
/* The grid of root graph `g`, and the loop over it. */
LOOM_MUST_USE loom_status dir_write_root(dir_writer *w, dir_graph *g);
/* Root graph `g` of computations outside of the loops as a function of the module, and its call. */
LOOM_MUST_USE loom_status dir_write_host(dir_writer *w, dir_graph *g);
/* The graph whose number is argument `i` of `n` as a function of the module. */
LOOM_MUST_USE loom_status dir_write_helper(dir_writer *w, const dir_node *n, size_t i, const char **out_name);
#endif
