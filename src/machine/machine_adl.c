/* Upstream's adl custom assembly:
 *   file = { '#' alias } 'module' [@name] ['attributes' {..}] '{' { op | module } '}'
 *   op   = %value '=' adl op; every value is defined before its use and of the kind its place wants
 * Nested modules with a name hold the functions of a processor; one without a name is a kernel and skipped. */
#include "base/text.h"
#include "machine/machine_arch.h"
#include "machine/machine_proc.h"

/* X(kind, op, its value in messages) */
#define ADL_KIND_LIST(X)                                           \
  X(DIM, "adl.spatial_dim", "a spatial dim")                       \
  X(BANK, "adl.memory.bank", "a memory bank")                      \
  X(ARRAY, "adl.memory.array", "a memory array")                   \
  X(RESOURCE, "adl.resource", "a resource")                        \
  X(EXCLUSIVE, "adl.resource.exclusive", "a resource")             \
  X(QUANTITATIVE, "adl.resource.quantitative", "a resource")       \
  X(COMPUTE, "adl.processor.compute", "a compute processor")       \
  X(MOVER, "adl.processor.dmover", "a data mover")                 \
  X(COMPOSE, "adl.arch.compose", "an architecture")                \
  X(SCALE, "adl.arch.scale", "an architecture")

typedef enum adl_kind {
#define X(k, ...) ADL_##k,
  ADL_KIND_LIST(X)
#undef X
  ADL_KIND_COUNT
} adl_kind;

static const struct { const char *op, *what; } kinds[] = {
#define X(k, op, what) {op, what},
    ADL_KIND_LIST(X)
#undef X
};

enum { OPS_MAX = 1000 };
enum { MEMORIES = 1 << ADL_BANK | 1 << ADL_ARRAY, PROCESSORS = 1 << ADL_COMPUTE | 1 << ADL_MOVER, ARCHS = 1 << ADL_COMPOSE | 1 << ADL_SCALE,
       RESOURCES = 1 << ADL_RESOURCE | 1 << ADL_EXCLUSIVE | 1 << ADL_QUANTITATIVE };

typedef struct adl_op adl_op;
typedef VEC_OF(const adl_op *) adl_uses;
struct adl_op {
  adl_kind kind;
  const char *value, *name;          /* "%7", "L1" */
  loom_span span;
  int64_t size;                      /* DIM: extent; BANK: blocks */
  int64_t block_bytes;               /* BANK */
  adl_uses dims;                     /* ARRAY, SCALE */
  const adl_op *of;                  /* ARRAY, SCALE */
  adl_uses from, to;                 /* processors: pairs */
  adl_uses archs, memories;          /* COMPOSE */
};

typedef struct parser { loom_ctx *ctx; df_lexer lex; VEC_OF(adl_op *) ops; VEC_OF(proc_module) modules; loom_span span; } parser;

/* ---- values ---- */

static loom_status fail_unknown_value(parser *p, const df_token *t) {
  VEC_OF(const char *) names = {0};
  for (size_t i = 0; i < p->ops.n; i++)
    vec_push(&p->ctx->mem, &names, p->ops.at[i]->value);
  diag_error(p->ctx, t->span, LOOM_EINPUT, "'%s' is not defined above", t->text);
  const char *near = diag_nearest(t->text, names.at, names.n);
  if (near)
    diag_help(p->ctx, "did you mean '%s'?", near);
  return LOOM_EINPUT;
}

/* A use of a value whose kind is in `allowed`, a mask of 1 << adl_kind. */
static loom_status parse_use(parser *p, unsigned allowed, const char *what, const adl_op **out) {
  df_token t;
  LOOM_TRY(df_take(&p->lex, DF_VALUE, what, &t));
  for (size_t i = 0; i < p->ops.n; i++) {
    const adl_op *op = p->ops.at[i];
    if (!text_eq(op->value, t.text))
      continue;
    if (!(allowed >> op->kind & 1))
      LOOM_FAIL(p->ctx, t.span, LOOM_EINPUT, "'%s' is %s; expected %s", t.text, kinds[op->kind].what, what);
    *out = op;
    return LOOM_OK;
  }
  return fail_unknown_value(p, &t);
}

/* [%a, %b] */
static loom_status parse_uses(parser *p, unsigned allowed, const char *what, adl_uses *out) {
  LOOM_TRY(df_expect(&p->lex, "["));
  for (bool more = !df_is(&p->lex, "]"); more;) {
    const adl_op *op = NULL;
    LOOM_TRY(parse_use(p, allowed, what, &op));
    vec_push(&p->ctx->mem, out, op);
    LOOM_TRY(df_accept(&p->lex, ",", &more));
  }
  return df_expect(&p->lex, "]");
}

static loom_status parse_optional_type(parser *p) {
  bool has_type;
  LOOM_TRY(df_accept(&p->lex, ":", &has_type));
  if (!has_type)
    return LOOM_OK;
  return p->lex.token.kind == DF_TYPE || p->lex.token.kind == DF_WORD ? df_next(&p->lex) : df_fail_expected(&p->lex, "a type");
}

static loom_status parse_count(parser *p, const char *what, int64_t greatest, int64_t *out) {
  df_token t;
  LOOM_TRY(df_take(&p->lex, DF_INT, arena_printf(&p->ctx->mem, "%s, a whole number", what), &t));
  if (t.integer < 1 || t.integer > greatest)
    LOOM_FAIL(p->ctx, t.span, LOOM_EINPUT, "%s is %" PRId64 "; must be 1..%" PRId64, what, t.integer, greatest);
  *out = t.integer;
  return parse_optional_type(p);      /* 8192 : i64 */
}

/* ---- ops ---- */

/* {bsize = 16, nblk = 5856} */
static loom_status parse_bank(parser *p, adl_op *op) {
  LOOM_TRY(df_expect(&p->lex, ","));
  LOOM_TRY(df_expect(&p->lex, "{"));
  for (bool more = true; more;) {
    df_token key;
    LOOM_TRY(df_take(&p->lex, DF_WORD, "bsize or nblk", &key));
    LOOM_TRY(df_expect(&p->lex, "="));
    if (text_eq(key.text, "bsize"))
      LOOM_TRY(parse_count(p, "bsize", INT64_C(1) << 30, &op->block_bytes));
    else if (text_eq(key.text, "nblk"))
      LOOM_TRY(parse_count(p, "nblk", INT64_C(1) << 30, &op->size));
    else
      LOOM_FAIL(p->ctx, key.span, LOOM_EINPUT, "a memory bank has no attribute '%s'; it has bsize (bytes of a block) and nblk (blocks)", key.text);
    LOOM_TRY(df_accept(&p->lex, ",", &more));
  }
  if (!op->block_bytes || !op->size)
    LOOM_FAIL(p->ctx, op->span, LOOM_EINPUT, "the memory bank needs both bsize (bytes of a block) and nblk (blocks)");
  return df_expect(&p->lex, "}");
}

/* , [%x, %y] of %element */
static loom_status parse_spread(parser *p, adl_op *op, unsigned allowed, const char *what) {
  LOOM_TRY(df_expect(&p->lex, ","));
  LOOM_TRY(parse_uses(p, 1u << ADL_DIM, kinds[ADL_DIM].what, &op->dims));
  LOOM_TRY(df_expect(&p->lex, "of"));
  return parse_use(p, allowed, what, &op->of);
}

/* , [(%from, %to), ..] [, with [%resource, ..]] */
static loom_status parse_processor(parser *p, adl_op *op) {
  bool more;
  LOOM_TRY(df_expect(&p->lex, ","));
  LOOM_TRY(df_expect(&p->lex, "["));
  do {
    const adl_op *from, *to;
    LOOM_TRY(df_expect(&p->lex, "("));
    LOOM_TRY(parse_use(p, MEMORIES, "a memory", &from));
    LOOM_TRY(df_expect(&p->lex, ","));
    LOOM_TRY(parse_use(p, MEMORIES, "a memory", &to));
    LOOM_TRY(df_expect(&p->lex, ")"));
    vec_push(&p->ctx->mem, &op->from, from);
    vec_push(&p->ctx->mem, &op->to, to);
    LOOM_TRY(df_accept(&p->lex, ",", &more));
  } while (more);
  LOOM_TRY(df_expect(&p->lex, "]"));
  LOOM_TRY(df_accept(&p->lex, ",", &more));
  if (!more)
    return LOOM_OK;
  adl_uses resources = {0};
  LOOM_TRY(df_expect(&p->lex, "with"));
  return parse_uses(p, RESOURCES, "a resource", &resources);
}

/* , arch[..] and , mem[..], one of them or both */
static loom_status parse_compose(parser *p, adl_op *op) {
  bool more;
  LOOM_TRY(df_expect(&p->lex, ","));
  do {
    bool is_arch;
    LOOM_TRY(df_accept(&p->lex, "arch", &is_arch));
    if (is_arch)
      LOOM_TRY(parse_uses(p, PROCESSORS | ARCHS, "a processor or an architecture", &op->archs));
    else if (df_is(&p->lex, "mem")) {
      LOOM_TRY(df_next(&p->lex));
      LOOM_TRY(parse_uses(p, MEMORIES, "a memory", &op->memories));
    } else
      return df_fail_expected(&p->lex, "arch[..] or mem[..]");
    LOOM_TRY(df_accept(&p->lex, ",", &more));
  } while (more);
  return LOOM_OK;
}

static loom_status parse_operands(parser *p, adl_op *op) {
  bool has_amount;
  int64_t amount;
  switch (op->kind) {
  case ADL_DIM:
    LOOM_TRY(df_expect(&p->lex, ","));
    return parse_count(p, "the dim's size", MACHINE_CORES_MAX, &op->size);
  case ADL_BANK: return parse_bank(p, op);
  case ADL_ARRAY: return parse_spread(p, op, MEMORIES, "a memory");
  case ADL_SCALE: return parse_spread(p, op, ARCHS, "an architecture");
  case ADL_COMPUTE:
  case ADL_MOVER: return parse_processor(p, op);
  case ADL_COMPOSE: return parse_compose(p, op);
  default:
    LOOM_TRY(df_accept(&p->lex, ",", &has_amount));
    return has_amount ? parse_count(p, "the resource's capacity", INT64_C(1) << 40, &amount) : LOOM_OK;
  }
}

static loom_status find_kind(parser *p, const df_token *word, adl_kind *out) {
  const char *names[ADL_KIND_COUNT];
  for (int k = 0; k < ADL_KIND_COUNT; k++) {
    names[k] = kinds[k].op;
    if (text_eq(word->text, kinds[k].op)) {
      *out = (adl_kind)k;
      return LOOM_OK;
    }
  }
  diag_error(p->ctx, word->span, LOOM_EUNSUP, text_starts(word->text, "adl.") ? "unknown op '%s'" : "'%s' is no op of the adl dialect", word->text);
  const char *near = diag_nearest(word->text, names, ADL_KIND_COUNT);
  if (near)
    diag_help(p->ctx, "did you mean '%s'?", near);
  else
    diag_help(p->ctx, "a chip is described by adl.spatial_dim, adl.memory.*, adl.resource.*, adl.processor.* and adl.arch.*");
  return LOOM_EUNSUP;
}

static loom_status parse_op(parser *p) {
  df_token value, word, name;
  adl_op *op = ARENA_NEW(&p->ctx->mem, adl_op);
  LOOM_TRY(df_take(&p->lex, DF_VALUE, "an op such as '%0 = adl.spatial_dim \"x\", 8', or a module", &value));
  for (size_t i = 0; i < p->ops.n; i++)
    if (text_eq(p->ops.at[i]->value, value.text))
      LOOM_FAIL(p->ctx, value.span, LOOM_EINPUT, "'%s' is defined twice", value.text);
  if (p->ops.n == OPS_MAX)
    LOOM_FAIL(p->ctx, value.span, LOOM_ELIMIT, "more than %d ops", OPS_MAX);
  LOOM_TRY(df_expect(&p->lex, "="));
  LOOM_TRY(df_take(&p->lex, DF_WORD, "an op of the adl dialect", &word));
  LOOM_TRY(find_kind(p, &word, &op->kind));
  bool is_processor = PROCESSORS >> op->kind & 1;
  LOOM_TRY(df_take(&p->lex, is_processor ? DF_SYMBOL : DF_STRING, is_processor ? "a name such as @matrix_lane" : "a name in quotes", &name));
  op->value = value.text;
  op->name = machine_plain_name(name.text + (is_processor ? 1 : 0));
  op->span = word.span;
  LOOM_TRY(parse_operands(p, op));
  vec_push(&p->ctx->mem, &p->ops, op);
  return parse_optional_type(p);
}

static loom_status parse_file(parser *p) {
  df_token name;
  bool has_attributes;
  while (df_is(&p->lex, "#"))      /* aliases of a dump: #map = affine_map<..>, up to the next one or the module */
    do
      LOOM_TRY(df_next(&p->lex));
    while (p->lex.token.kind != DF_END && !df_is(&p->lex, "#") && !df_is(&p->lex, "module"));
  p->span = p->lex.token.span;
  LOOM_TRY(df_expect(&p->lex, "module"));
  if (p->lex.token.kind == DF_SYMBOL)
    LOOM_TRY(df_take(&p->lex, DF_SYMBOL, "the module's name", &name));
  LOOM_TRY(df_accept(&p->lex, "attributes", &has_attributes));
  if (has_attributes)
    LOOM_TRY(machine_proc_skip(&p->lex, "{", "}"));
  LOOM_TRY(df_expect(&p->lex, "{"));
  while (!df_is(&p->lex, "}")) {
    proc_module m;
    if (!df_is(&p->lex, "module")) {
      LOOM_TRY(parse_op(p));
      continue;
    }
    LOOM_TRY(machine_proc_module(&p->lex, &m));
    vec_push(&p->ctx->mem, &p->modules, m);
  }
  LOOM_TRY(df_next(&p->lex));
  return p->lex.token.kind == DF_END ? LOOM_OK : df_fail_expected(&p->lex, "the end of the file");
}

/* ---- what the ops mean ---- */

/* Banks under a memory and the bytes of one. */
static machine_memory as_memory(const adl_op *op) {
  machine_memory m = {.name = op->name, .instances = 1, .span = op->span};
  for (; op->kind == ADL_ARRAY; op = op->of)
    for (size_t i = 0; i < op->dims.n; i++)
      m.instances = m.instances > MACHINE_CORES_MAX ? m.instances : m.instances * op->dims.at[i]->size;
  m.bytes = op->block_bytes * op->size;
  return m;
}

static int64_t block_bytes(const adl_op *op) {
  while (op->kind == ADL_ARRAY)
    op = op->of;
  return op->block_bytes;
}

static loom_status find_scale(parser *p, const adl_op **out) {
  *out = NULL;
  for (size_t i = 0; i < p->ops.n; i++) {
    if (p->ops.at[i]->kind != ADL_SCALE)
      continue;
    if (*out)
      LOOM_FAIL(p->ctx, p->ops.at[i]->span, LOOM_EUNSUP, "a second adl.arch.scale; a machine is one mesh of cores");
    *out = p->ops.at[i];
  }
  if (*out && (*out)->of->kind == ADL_COMPOSE)
    return LOOM_OK;
  diag_error(p->ctx, *out ? (*out)->span : p->span, LOOM_EINPUT, "there is no mesh: no adl.arch.scale of a core");
  diag_help(p->ctx, "add adl.arch.scale \"mesh\", [%%x, %%y] of %%core");
  return LOOM_EINPUT;
}

/* The composition that holds the mesh: its memory is the DRAM. */
static loom_status find_system(parser *p, const adl_op *scale, const adl_op **out) {
  for (size_t i = 0; i < p->ops.n; i++)
    for (size_t k = 0; p->ops.at[i]->kind == ADL_COMPOSE && k < p->ops.at[i]->archs.n; k++)
      if (p->ops.at[i]->archs.at[k] == scale) {
        *out = p->ops.at[i];
        return LOOM_OK;
      }
  LOOM_FAIL(p->ctx, scale->span, LOOM_EINPUT, "no adl.arch.compose holds the mesh '%s': nothing says what its DRAM is", scale->name);
}

static loom_status pick_memory(parser *p, const adl_op *compose, const char *preferred, const char *what, const adl_op **out) {
  machine_memory *list = ARENA_NEW_N(&p->ctx->mem, machine_memory, compose->memories.n), picked;
  for (size_t i = 0; i < compose->memories.n; i++)
    list[i] = as_memory(compose->memories.at[i]);
  LOOM_TRY(machine_arch_pick(p->ctx, compose->span, list, compose->memories.n, preferred, what, &picked));
  for (size_t i = 0; i < compose->memories.n; i++)
    if (text_eq(compose->memories.at[i]->name, picked.name))
      *out = compose->memories.at[i];
  return LOOM_OK;
}

static const char *unit_kind(const parser *p, const adl_op *op) {
  for (size_t i = 0; i < p->modules.n; i++)
    if (text_eq(p->modules.at[i].name, op->name))
      return machine_proc_is_matrix(&p->modules.at[i]) ? "matrix" : "vector";
  return strstr(op->name, "mat") ? "matrix" : "vector";      /* no functions tell: the name does */
}

/* Exports call the links of a torus so. */
static bool is_torus(const parser *p) {
  for (size_t i = 0; i < p->ops.n; i++)
    if ((RESOURCES >> p->ops.at[i]->kind & 1) && strstr(p->ops.at[i]->name, "torus"))
      return true;
  return false;
}

static void add_memories(const parser *p, machine_arch *a) {
  for (size_t i = 0; i < p->ops.n; i++) {
    const adl_op *op = p->ops.at[i];
    bool is_part = false, is_known = false;      /* a bank of an array that has a name of its own; an array of all cores' L1 */
    for (size_t k = 0; k < p->ops.n; k++)
      is_part = is_part || (p->ops.at[k]->kind == ADL_ARRAY && p->ops.at[k]->of == op && op->kind == ADL_BANK);
    for (size_t k = 0; k < a->memories.n; k++)
      is_known = is_known || text_eq(a->memories.at[k].name, op->name);
    if ((MEMORIES >> op->kind & 1) && !is_part && !is_known)
      vec_push(&p->ctx->mem, &a->memories, as_memory(op));
  }
}

static loom_status add_processors(parser *p, const adl_op *core, machine_arch *a) {
  for (size_t i = 0; i < core->archs.n; i++)
    if (core->archs.at[i]->kind == ADL_COMPUTE)
      vec_push(&p->ctx->mem, &a->units, ((arch_unit){core->archs.at[i]->name, unit_kind(p, core->archs.at[i]), core->archs.at[i]->span}));
  for (size_t i = 0; i < p->ops.n; i++) {
    const adl_op *op = p->ops.at[i];
    if (op->kind != ADL_MOVER)
      continue;
    vec_push(&p->ctx->mem, &a->movers, ((arch_mover){op->name, op->span}));
    for (size_t k = 0; k < op->from.n; k++)
      vec_push(&p->ctx->mem, &a->paths, ((machine_path){op->name, op->from.at[k]->name, op->to.at[k]->name, op->span}));
  }
  if (!a->movers.n)
    LOOM_FAIL(p->ctx, p->span, LOOM_EINPUT, "there is no adl.processor.dmover: nothing brings data to the cores");
  return LOOM_OK;
}

static loom_status to_arch(parser *p, machine_arch *a) {
  const adl_op *scale, *system = NULL, *l1, *dram;
  LOOM_TRY(find_scale(p, &scale));
  LOOM_TRY(find_system(p, scale, &system));
  LOOM_TRY(pick_memory(p, scale->of, "L1", "the core's memory", &l1));
  LOOM_TRY(pick_memory(p, system, "DRAM", "the DRAM", &dram));
  *a = (machine_arch){.form = "adl file", .span = p->span, .l1 = as_memory(l1), .dram = as_memory(dram), .dram_page_bytes = block_bytes(dram)};
  for (size_t i = 0; i < scale->dims.n; i++) {
    vec_push(&p->ctx->mem, &a->mesh, ((machine_dim){scale->dims.at[i]->name, scale->dims.at[i]->size, is_torus(p)}));
    vec_push(&p->ctx->mem, &a->mesh_span, scale->dims.at[i]->span);
  }
  add_memories(p, a);
  return add_processors(p, scale->of, a);
}

loom_status machine_from_adl(loom_ctx *ctx, const char *path, const char *bytes, size_t size, machine **out) {
  parser p = {.ctx = ctx};
  machine_arch a;
  LOOM_TRY(df_lexer_start(ctx, path, bytes, size, &p.lex));
  p.lex.is_lenient = true;
  LOOM_TRY(parse_file(&p));
  LOOM_TRY(to_arch(&p, &a));
  return machine_from_arch(ctx, path, &a, out);
}
