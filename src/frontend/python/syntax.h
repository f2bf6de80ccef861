/* frontend/python: Python source -> plain syntax tree, by CPython's own parser (AST only; nothing is imported or executed).
 * Takes: text of a .py file.  Leaves: a generic tree in ctx->mem that mirrors Python's ast module: node kind = ast class name, fields by
 * their ast names.  syntax.h is plain C; only python_parse.c includes Python.h. */
#ifndef LOOM_PYTHON_SYNTAX_H
#define LOOM_PYTHON_SYNTAX_H
#include "base/diag.h"
#include "base/text.h"

/* X(name): the classes of Python's ast module that Loom looks at by kind; everything else is SYN_Other with its class name. */
#define SYN_LIST(X)                                                                                                          \
  X(Module) X(FunctionDef) X(AsyncFunctionDef) X(ClassDef) X(Return) X(Delete) X(Assign) X(AugAssign) X(AnnAssign) X(For)     \
  X(AsyncFor) X(While) X(If) X(With) X(Raise) X(Try) X(Assert) X(Import) X(ImportFrom) X(Global) X(Nonlocal) X(Expr) X(Pass)  \
  X(Break) X(Continue) X(Match) X(BoolOp) X(NamedExpr) X(BinOp) X(UnaryOp) X(Lambda) X(IfExp) X(Dict) X(Set) X(ListComp)      \
  X(SetComp) X(DictComp) X(GeneratorExp) X(Await) X(Yield) X(YieldFrom) X(Compare) X(Call) X(FormattedValue) X(JoinedStr)     \
  X(Constant) X(Attribute) X(Subscript) X(Starred) X(Name) X(List) X(Tuple) X(Slice) X(arguments) X(arg) X(keyword) X(alias)  \
  X(comprehension) X(And) X(Or) X(Add) X(Sub) X(Mult) X(MatMult) X(Div) X(Mod) X(Pow) X(LShift) X(RShift) X(BitOr) X(BitXor)  \
  X(BitAnd) X(FloorDiv) X(Invert) X(Not) X(UAdd) X(USub) X(Eq) X(NotEq) X(Lt) X(LtE) X(Gt) X(GtE) X(Is) X(IsNot) X(In) X(NotIn)

typedef enum syn_kind {
#define X(n) SYN_##n,
  SYN_LIST(X)
#undef X
  SYN_Other
} syn_kind;

typedef enum syn_const { SYN_CONST_NONE, SYN_CONST_BOOL, SYN_CONST_INT, SYN_CONST_BIGINT, SYN_CONST_FLOAT, SYN_CONST_COMPLEX, SYN_CONST_STR, SYN_CONST_BYTES, SYN_CONST_ELLIPSIS } syn_const;

typedef struct syn_node syn_node;
typedef struct syn_field { const char *name; bool is_list; syn_node *node; syn_node **items; size_t n; const char *ident; } syn_field;
/* A field holds one node, or a list of n nodes (items may be NULL where Python has None, e.g. Dict keys), or an identifier string, or nothing. */
struct syn_node {
  syn_kind kind;
  const char *class_name;      /* "FunctionDef" */
  loom_span span;
  size_t n_fields;
  syn_field *fields;
  /* SYN_Constant only */
  syn_const const_kind;
  int64_t integer;             /* INT, BOOL */
  double real;                 /* FLOAT, INT */
  const char *string;          /* STR (UTF-8), and the source digits of BIGINT */
};

/* Parses `text`.  Limits: 1 MB, nesting depth 128 of brackets and of the tree, identifiers 255 bytes: LOOM_ELIMIT.  Python's own syntax errors: LOOM_EINPUT. */
LOOM_MUST_USE loom_status python_parse(loom_ctx *ctx, const char *path, const char *text, size_t size, syn_node **out);

/* ---- looking (syntax.c, plain) ---- */
const syn_field *syn_field_of(const syn_node *n, const char *name);              /* NULL when the node has no such field */
syn_node *syn_child(const syn_node *n, const char *name);                         /* NULL when absent or a list */
syn_node **syn_list(const syn_node *n, const char *name, size_t *out_n);          /* NULL and 0 when absent */
const char *syn_ident(const syn_node *n, const char *name);                       /* NULL when absent */
/* "torch.float16" for Attribute(Name torch, float16), "x" for Name; NULL for anything else. */
const char *syn_dotted(arena *m, const syn_node *n);
#endif
