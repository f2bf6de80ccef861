/* Every function, method, attribute, operator, index and statement of the language on every kind of value: in tile loops, in host code, in
 * bind_args, and where sizes vary.
 * Oracle: a statement is accepted or has a diagnostic of its own (EINPUT, EUNSUP or ELIMIT) with advice and none of our words; those that were
 * accepted between refused ones are accepted without them, give a graph that verifies, and the graph comes back the same from Device IR, unless
 * that says it has no form for it.  Values are the business of helion_ops_test. */
#include "base/rng.h"
#include "base/text.h"
#include "frontend/device_ir/device_ir.h"
#include "frontend/helion/said_testing.h"

enum { STATEMENTS = 24, LINE_MAX_CHARS = 400 };   /* of one kernel; of one statement */

/* ---- kernels ---- */
#define HEAD                                                                                                                                        \
  "import math, torch, helion, loom\nimport helion.language as hl\nimport torch.nn.functional as F\ndef g(v):\n  return v\nclass C:\n  K = 3\n"      \
  "@helion.kernel(static_shapes=%s)\ndef f(x: torch.Tensor, y: torch.Tensor, i: torch.Tensor, b: torch.Tensor, h: torch.Tensor, n: int, p: float):\n" \
  "  m, k = x.size()\n  k2, l = y.size()\n  out = torch.empty_like(x)\n  sums = torch.zeros([4], dtype=torch.float32)\n"
#define TILES                                                                                                                                       \
  "  for t in hl.tile(m):\n    v = x[t, :]\n    iv = i[t]\n    bv = b[t, :]\n    hv = h[t, :]\n    w = x[t, 0]\n    s = x[0, 0]\n    z = i[1]\n"      \
  "    mat = y[:, :]\n"
#define END "  return out, sums\n"
#define BIND                                                                                                                                        \
  "import math, torch, helion, loom\nimport helion.language as hl\nimport torch.nn.functional as F\ndef g(v):\n  return v\nclass K(loom.LoomKernel):\n" \
  "  M = 6\n  def bind_args(self):\n    x = torch.randn([self.M, 5])\n    i = torch.randint(0, 4, (6,))\n    y = torch.empty((5, 4), dtype=torch.float16)\n    m = self.M\n"

typedef enum place { IN_TILES, ON_HOST, IN_BIND } place;
/* every: which of the atoms stands for a parameter of a row, beginning with another one each time. */
typedef struct context { const char *name; place where; bool varies; const char *const *atoms; size_t n_atoms, every; } context;

#define PLAIN_ATOMS                                                                                                                         \
  "None", "True", "0", "1", "-1", "7", "2.5", "float('nan')", "'text'", "torch.float32", "torch.int64", "torch.bool", "...", "()", "[1, 2]", "(m, 5)", \
      "{'a': 1}", "torch.exp", "g", "C", "lambda a, b: a + b", "m", "k - 1", "n", "p", "hl.tile(3)", "torch.device('cpu')", "slice(1, 3)", "x", "i", "nowhere", "m - 3", "m // 2", "n % 4", "min(m, 4)", "max(k, m)", "helion.cdiv(m, 4)", "-m", "m * k", "20 - m", "m + 9"
static const char *const tile_atoms[] = {PLAIN_ATOMS, "t", "t.index", "t.begin", "t.block_size", "t.id", "v", "w", "iv", "bv", "hv", "s", "z", "mat", "[v, v]", "(v, iv)", "(t, 5)",
                                         "v[:, :, None]", "t + 1", "bv[:, 0]", "iv[:, None]", "t.index.to(torch.int32)", "s > 0", "z + 1", "hl.arange(5)", "torch.int8", "s.expand(helion.cdiv(v.size(0), 2))", "s.expand(helion.cdiv(v.size(0), 2), 5)", "helion.cdiv(v.size(0), 2)", "t.index + z", "t.index + 1", "z * 2", "min(z, 3)", "max(z, m)", "z - i[2]", "i[2] + t.begin", "t + z", "(t.index + 1) + 2", "t.end", "t.block_size * k", "hl.arange(z, z + 3)", "torch.arange(0, 2 * m, 2)", "s.to(torch.int32)", "iv.to(torch.int32)", "helion.cdiv(k, t.block_size)", "x[t, k - 5:t.block_size]"};
static const char *const host_atoms[] = {PLAIN_ATOMS, "x.T", "x[0]", "x[0, 0]", "b", "h", "[x, x]", "(x, h)", "x[1:, :]", "i[1]", "x[:, :1]", "y", "m * 2", "sums", "x[::2]", "x > 0", "(m, k)", "range(3)", "i[1].item()", "i[2].item() + 1", "x[0, 0].item()", "x[: i[0].item()]", "x[:, None]", "x[1:4, 2:3]", "sums.sum()"};
static const char *const bind_atoms[] = {"None", "True", "0", "-1", "3", "2.5", "'cuda'", "torch.float32", "torch.int64", "...", "()", "[6, 5]", "(m, 5)", "{'a': 1}", "torch.exp", "g", "self", "self.M",
                                         "torch.device('cpu')", "slice(1, 3)", "x", "i", "y", "[x, x]", "nowhere", "x.size(0)"};
static const context contexts[] = {{"tiles", IN_TILES, false, tile_atoms, COUNT_OF(tile_atoms), 2}, {"host", ON_HOST, false, host_atoms, COUNT_OF(host_atoms), 4},
                                   {"bind", IN_BIND, false, bind_atoms, COUNT_OF(bind_atoms), 6}, {"open tiles", IN_TILES, true, tile_atoms, COUNT_OF(tile_atoms), 2},
                                   {"open host", ON_HOST, true, host_atoms, COUNT_OF(host_atoms), 4}};

static const helion_given arguments[] = {
    {.name = "x", .kind = HELION_GIVEN_TENSOR, .type = DTYPE_F32, .rank = 2, .shape = {6, 5}}, {.name = "y", .kind = HELION_GIVEN_TENSOR, .type = DTYPE_F32, .rank = 2, .shape = {5, 4}},
    {.name = "i", .kind = HELION_GIVEN_TENSOR, .type = DTYPE_I64, .rank = 1, .shape = {6}},    {.name = "b", .kind = HELION_GIVEN_TENSOR, .type = DTYPE_BOOL, .rank = 2, .shape = {6, 5}},
    {.name = "h", .kind = HELION_GIVEN_TENSOR, .type = DTYPE_F16, .rank = 2, .shape = {6, 5}}, {.name = "n", .kind = HELION_GIVEN_INT, .integer = 3},
    {.name = "p", .kind = HELION_GIVEN_FLOAT, .real = 0.5}};

typedef struct batch { char line[STATEMENTS][LINE_MAX_CHARS]; size_t n; } batch;
typedef struct sweep { const context *c; batch batch; size_t n_rows, n_statements, n_accepted, n_written; int bad; } sweep;

/* The kernel with the statements, and the line of the first of them. */
static const char *kernel_text(arena *m, const context *c, const batch *b, int *out_first) {
  text t = text_new(m);
  text_addf(&t, c->where == IN_BIND ? BIND : HEAD, c->varies ? "False" : "True");
  if (c->where == IN_TILES)
    text_add(&t, TILES);
  *out_first = 1;
  for (const char *s = text_str(&t); *s; s++)
    *out_first += *s == '\n';
  for (size_t i = 0; i < b->n; i++)
    text_addf(&t, "%s%s\n", c->where == ON_HOST ? "  " : "    ", b->line[i]);
  if (c->where == IN_BIND)
    text_add(&t, "    return x\n  @helion.kernel\n  def kernel(x):\n    for t in hl.tile(x.size()):\n      x[t] = 0\n");
  else
    text_add(&t, c->where == IN_TILES ? "    out[t, :] = v\n" END : "  for t in hl.tile(m):\n    out[t, :] = x[t, :]\n" END);
  return text_str(&t);
}

static loom_status read_kernel(loom_ctx *ctx, const context *c, const char *code, kernel_graph **out) {
  syn_node *tree;
  bool is_plain = c->where != IN_BIND;
  helion_options o = {.given = is_plain ? arguments : NULL, .n_given = is_plain ? COUNT_OF(arguments) : 0, .open_sizes = c->varies};
  LOOM_TRY(python_parse(ctx, "k.py", code, strlen(code), &tree));
  LOOM_TRY(helion_read(ctx, tree, &o, out));
  return kernel_verify(ctx, *out);
}

static void complain(sweep *s, const char *what, const loom_ctx *ctx, const char *code) {
  s->bad++;
  print_message("%s: %s\n", s->c->name, what);
  for (const diag_item *d = ctx->diag.first; d; d = d->next)
    if (d->severity == DIAG_ERROR)
      print_message("  %d:%d status %d: %s\n", d->span.line, d->span.col, (int)d->status, d->text);
  if (code)
    print_message("%s\n", code);
}

static bool may_refuse(loom_status st) { return st == LOOM_EINPUT || st == LOOM_EUNSUP || st == LOOM_ELIMIT; }

/* Drops the statements that have an error; false: an error has the place of none. */
static bool drop_refused(batch *b, const loom_ctx *ctx, int first) {
  bool refused[STATEMENTS] = {false}, ok = true;
  for (const diag_item *d = ctx->diag.first; d; d = d->next) {
    int at = d->span.line - first;
    if (d->severity != DIAG_ERROR)
      continue;
    ok = ok && at >= 0 && at < (int)b->n && may_refuse(d->status);
    if (at >= 0 && at < (int)b->n)
      refused[at] = true;
  }
  size_t n = 0;
  for (size_t i = 0; i < b->n; i++)
    if (!refused[i])
      memmove(b->line[n++], b->line[i], sizeof b->line[i]);
  b->n = n;
  return ok;
}

/* Writes the kernel as Device IR, which reads it back; where one statement has no form, those of the others are looked at one by one. */
static void write_back(sweep *s, loom_ctx *ctx, const kernel_graph *k, const char *code, const batch *b) {
  const char *json;
  loom_status st = device_ir_write(ctx, k, &json);
  if (st != LOOM_OK && st != LOOM_EUNSUP)
    complain(s, "not written as Device IR", ctx, code);
  s->n_written += st == LOOM_OK;
  for (size_t i = 0; st == LOOM_EUNSUP && b->n > 1 && i < b->n; i++) {
    loom_ctx own;
    batch one = {.n = 1};
    kernel_graph *alone;
    int first;
    loom_ctx_init(&own);
    memcpy(one.line[0], b->line[i], sizeof one.line[0]);
    const char *text_ = kernel_text(&own.mem, s->c, &one, &first);
    if (read_kernel(&own, s->c, text_, &alone) == LOOM_OK)   /* it may need what another one bound */
      write_back(s, &own, alone, text_, &one);
    loom_ctx_done(&own);
  }
}

/* Where sizes vary: what was assumed of them holds for those the kernel was read with. */
static void check_guards(sweep *s, loom_ctx *ctx, kernel_graph *k, const char *code) {
  kernel_call call = {.size = arena_array(&ctx->mem, k->tensors.n, sizeof *call.size)};
  if (kernel_bind_call(ctx, k, &call) != LOOM_OK)
    complain(s, "its own sizes do not fit", ctx, code);
  else if (kernel_check_guards(ctx, k, &call, NULL, NULL, 0) != LOOM_OK)
    complain(s, "a guard that does not hold", ctx, code);
}

/* Reads the statements together, then those that were accepted, until none is refused: what a refused statement would have said or bound is
 * missing then, so that others may follow it. */
static void check_batch(sweep *s) {
  batch *b = &s->batch;
  s->n_statements += b->n;
  for (loom_status st = LOOM_EINPUT; st != LOOM_OK && b->n;) {
    loom_ctx ctx;
    kernel_graph *k = NULL;
    int first;
    loom_ctx_init(&ctx);
    const char *code = kernel_text(&ctx.mem, s->c, b, &first);
    st = read_kernel(&ctx, s->c, code, &k);
    size_t before = b->n;
    s->bad += said_count_bad(s->c->name, &ctx);
    if ((st == LOOM_OK) != (ctx.diag.errors == 0))
      complain(s, "the status says something else than the diagnostics", &ctx, code);
    else if (st != LOOM_OK && (!drop_refused(b, &ctx, first) || b->n == before))
      complain(s, "an error that is of no statement", &ctx, code);
    else if (st == LOOM_OK) {
      check_guards(s, &ctx, k, code);
      write_back(s, &ctx, k, code, b);
    }
    loom_ctx_done(&ctx);
    if (b->n == before)
      break;
  }
  s->n_accepted += b->n;
  b->n = 0;
}

/* A value is looked at where it is made: a device value goes into a sum, so that it is no dead code. */
LOOM_PRINTF(2, 3) static void add_statement(sweep *s, const char *fmt, ...) {
  va_list ap;
  va_start(ap, fmt);
  vsnprintf(s->batch.line[s->batch.n++], LINE_MAX_CHARS, fmt, ap);
  va_end(ap);
  if (s->batch.n == STATEMENTS)
    check_batch(s);
}

static void add_value(sweep *s, const char *expr) {
  if (s->c->where == IN_TILES)
    add_statement(s, "r = %s; hl.atomic_add(sums, [0], r.to(torch.float32).sum()) if isinstance(r, torch.Tensor) else None", expr);
  else
    add_statement(s, "r = %s", expr);
}

static const char *atom(const context *c, size_t i) { return c->atoms[i % c->n_atoms]; }

/* ---- the op table ---- */
/* What stands for a parameter of a name where nothing else is tried. */
static const struct { const char *name, *tiles, *host; } defaults[] = {
    {"input", "v", "x"}, {"other", "v", "x"}, {"tensor", "x", "x"}, {"target", "sums", "sums"}, {"index", "[t, slice(0, 5)]", "[0]"}, {"value", "v", "1"}, {"dim", "1", "1"}, {"dim0", "0", "0"},
    {"dim1", "1", "1"}, {"size", "[t, 5]", "[6, 5]"}, {"sizes", "[t, 5]", "[6, 5]"}, {"shape", "[t, 5]", "[6, 5]"}, {"dtype", "torch.float32", "torch.float32"}, {"mask", "bv", "b"},
    {"condition", "bv", "b"}, {"mat1", "v", "x"}, {"mat2", "mat", "y"}, {"tensor1", "v", "x"}, {"tensor2", "v", "x"}, {"tensor0", "v", "x"}, {"combine_fn", "lambda a, b: a + b", "g"},
    {"input_tensor", "v", "x"}, {"seed", "3", "3"}, {"k", "2", "2"}, {"fill_value", "1.0", "1.0"}, {"data", "2", "2"}, {"tile", "t", "t"}, {"a", "m", "m"}, {"x", "4.0", "4.0"}, {"y", "2", "2"},
    {"object", "v", "x"}, {"classinfo", "torch.Tensor", "torch.Tensor"}, {"function", "g", "g"}, {"counter", "iv", "i"}, {"key", "1", "1"}, {"word", "0", "0"}, {"src", "w", "x"},
    {"out_shape", "[t, 5]", "[6, 5]"}, {"parent", "iv", "i"}, {"low", "1", "1"}, {"high", "8", "8"}, {"tensors", "[v, v]", "[x, x]"}, {"iterable", "[1, 2]", "[1, 2]"}, {"exponent", "2", "2"},
    {"weight", "0.5", "0.5"}, {"end", "v", "x"}, {"min", "-1", "-1"}, {"max", "1", "1"}, {"batch1", "v[None]", "x[None]"}, {"batch2", "mat[None]", "y[None]"}, {"dims", "[1, 0]", "[1, 0]"},
    {"repeats", "2", "2"}, {"expected", "v", "x"}};

static const char *default_of(const context *c, const char *name) {
  for (size_t i = 0; i < COUNT_OF(defaults); i++)
    if (strcmp(defaults[i].name, name) == 0)
      return c->where == IN_TILES ? defaults[i].tiles : defaults[i].host;
  return c->where == IN_TILES ? "v" : "x";
}

typedef struct parameter { char name[32]; bool optional, rest, by_name; } parameter;
typedef struct row { char path[96]; parameter at[12]; size_t n; } row;

/* "(input, \*shape, dim=, \*, dtype=)" as the tables of the language print it. */
static void read_parameters(const char *s, row *out) {
  bool by_name = false;
  out->n = 0;
  for (s += *s == '('; *s && *s != ')'; s += strspn(s, ", ")) {
    size_t n = strcspn(s, ",)");
    parameter p = {.by_name = by_name};
    bool is_rest = strncmp(s, "\\*", 2) == 0;
    if (is_rest && n == 2) {
      by_name = true;
    } else {
      p.rest = is_rest;
      p.optional = s[n - 1] == '=' || is_rest;
      snprintf(p.name, sizeof p.name, "%.*s", (int)(n - (is_rest ? 2 : 0) - (s[n - 1] == '=')), s + (is_rest ? 2 : 0));
      out->at[out->n++] = p;
    }
    s += n;
  }
}

/* `of(arguments)` with argument `which` (-1: none) replaced by `with`; optional ones are left out otherwise. */
static void call_row(sweep *s, const char *of, const row *f, int which, const char *with) {
  char expr[LINE_MAX_CHARS];
  size_t used = (size_t)snprintf(expr, sizeof expr, "%s(", of), n = 0;
  bool by_name = false;
  for (size_t i = 0; i < f->n; i++) {
    if (f->at[i].optional && (int)i != which) {
      by_name = true;
      continue;
    }
    const char *value = (int)i == which ? with : default_of(s->c, f->at[i].name);
    bool named = !f->at[i].rest && (f->at[i].by_name || by_name);
    used += (size_t)snprintf(expr + used, sizeof expr - used, "%s%s%s%s", n++ ? ", " : "", named ? f->at[i].name : "", named ? "=" : "", value);
  }
  snprintf(expr + used, sizeof expr - used, ")");
  add_value(s, expr);
}

static void sweep_row(sweep *s, const char *of, const row *f) {
  call_row(s, of, f, -1, NULL);
  for (size_t p = 0; p < f->n; p++)
    for (size_t a = (s->n_rows++) % s->c->every; a < s->c->n_atoms; a += s->c->every)
      call_row(s, of, f, (int)p, atom(s->c, a));
}

/* Reads one line of the tables: "| `path` | (params) |..", "| kinds | `name` | (params) |.." or "| kinds | `name` |". */
static bool read_row(const char *line, row *f, bool *out_is_member, bool *out_calls) {
  const char *tick = strchr(line, '`'), *end = tick ? strchr(tick + 1, '`') : NULL, *eol = strchr(line, '\n');
  if (line[0] != '|' || !tick || !end || end > eol)
    return false;
  snprintf(f->path, sizeof f->path, "%.*s", (int)(end - tick - 1), tick + 1);
  *out_is_member = tick > line + 2;
  *out_calls = strncmp(end, "` | (", 5) == 0;
  if (*out_calls)
    read_parameters(end + 4, f);
  return *out_calls || *out_is_member;
}

static void sweep_members(sweep *s, const row *f, bool calls) {
  char of[LINE_MAX_CHARS];
  for (size_t a = 0; a < s->c->n_atoms; a++) {
    snprintf(of, sizeof of, "(%s).%s", atom(s->c, a), f->path);
    if (calls)
      call_row(s, of, f, -1, NULL);
    else
      add_value(s, of);
  }
  snprintf(of, sizeof of, "%s.%s", default_of(s->c, "input"), f->path);
  if (calls)
    sweep_row(s, of, f);
}

static void sweep_table(sweep *s) {
  loom_ctx ctx;
  row f;
  bool is_member, calls;
  loom_ctx_init(&ctx);
  for (const char *line = helion_language_tables(&ctx.mem); line && *line; line = strchr(line, '\n') + 1)
    if (read_row(line, &f, &is_member, &calls)) {
      if (is_member)
        sweep_members(s, &f, calls);
      else
        sweep_row(s, f.path, &f);
    }
  loom_ctx_done(&ctx);
}

/* ---- operators, indices, statements ---- */
/* Texts in which @ stands for a value.  times: how many draws of values. */
typedef struct form { const char *text; int times; bool is_value; } form;
static const form forms[] = {
    {"@ + @", 400, true}, {"@ - @", 300, true}, {"@ * @", 400, true}, {"@ / @", 300, true}, {"@ // @", 300, true}, {"@ % @", 300, true}, {"@ ** @", 300, true}, {"@ @ @", 0, true},
    {"@ << @", 150, true}, {"@ >> @", 150, true}, {"@ & @", 200, true}, {"@ | @", 150, true}, {"@ ^ @", 150, true}, {"@ == @", 400, true}, {"@ != @", 150, true}, {"@ < @", 300, true},
    {"@ <= @", 150, true}, {"@ > @", 150, true}, {"@ >= @", 150, true}, {"@ is @", 200, true}, {"@ is not @", 150, true}, {"@ in @", 300, true}, {"@ not in @", 150, true}, {"@ and @", 200, true},
    {"@ or @", 200, true}, {"@ < @ < @", 150, true}, {"-@", 60, true}, {"+@", 60, true}, {"~@", 60, true}, {"not @", 60, true}, {"x[@]", 150, true}, {"x[@, @]", 800, true}, {"x[@, @, @]", 200, true},
    {"i[@]", 100, true}, {"(@)[@]", 600, true}, {"(@)[@, @]", 500, true}, {"x[@:@]", 300, true}, {"x[@:@, @]", 400, true}, {"x[@:@:@]", 300, true}, {"x[:, @:@]", 200, true}, {"(@)[@:@]", 300, true},
    {"(@)[:, @]", 300, true}, {"@ if @ else @", 200, true}, {"[q for q in @]", 60, true}, {"[q for q in @ if @]", 100, true}, {"(@)(@)", 150, true}, {"(@)(@, @)", 100, true}, {"(@, @)", 60, true},
    {"f'{@}'", 0, true}, {"hl.load(x, [@, @], extra_mask=@)", 600, true}, {"hl.load(x, [@, @])", 300, true}, {"hl.load(i, [@], extra_mask=@)", 300, true},
    {"torch.arange(@, @)", 200, true}, {"torch.arange(@, @, @)", 200, true}, {"hl.arange(@, @)", 200, true}, {"torch.full(@, @)", 150, true}, {"torch.where(@, @, @)", 400, true}, {"torch.clamp(@, @, @)", 300, true},
    {"torch.sum(@, @)", 200, true}, {"torch.matmul(@, @)", 200, true}, {"torch.addmm(@, @, @)", 200, true}, {"hl.dot(@, @, acc=@)", 300, true}, {"torch.cat([@, @], @)", 300, true}, {"torch.stack([@, @], @)", 200, true},
    {"torch.max(@, @)", 200, true}, {"torch.pow(@, @)", 200, true}, {"torch.div(@, @, rounding_mode=@)", 200, true}, {"torch.gather(@, @, @)", 200, true}, {"torch.topk(@, @, @)", 200, true},
    {"hl.associative_scan(lambda a, b: a + b, @, @)", 200, true}, {"hl.reduce(lambda a, b: a + b, @, @, @)", 200, true}, {"(@).reshape(@, @)", 300, true}, {"(@).expand(@, @)", 300, true},
    {"(@).permute(@, @)", 200, true}, {"(@).transpose(@, @)", 200, true}, {"(@).view(@)", 200, true}, {"(@).to(@)", 200, true}, {"(@).sum(@, @)", 200, true}, {"(@).view(@, @)", 300, true},
    {"hl.rand(@, @)", 150, true}, {"hl.randint(@, @, @, @)", 200, true}, {"hl.full(@, @)", 100, true}, {"helion.cdiv(@, @)", 200, true}, {"min(@, @)", 300, true}, {"max(@, @)", 300, true},
    {"range(@, @)", 100, true}, {"zip(@, @)", 100, true}, {"isinstance(@, @)", 200, true}, {"torch.zeros(@, @)", 200, true}, {"torch.randint(@, @, @)", 150, true}, {"x.as_strided(@, @, @)", 150, true},
    {"hl.split(@)", 60, true}, {"hl.join(@, @)", 150, true}, {"torch.broadcast_tensors(@, @)", 150, true}, {"(@).as_strided((2, 3), (@, @), @)", 150, true}, {"loom.gather(@, @, @)", 150, true},
    {"out[@] = @", 200, false}, {"out[@, @] = @", 800, false}, {"out[@, @] += @", 300, false}, {"out[@:@, @] = @", 300, false}, {"(@)[@] = @", 300, false}, {"(@).a = @", 60, false},
    {"for q in @: pass", 60, false}, {"for q in hl.tile(@): u = q.index", 60, false}, {"for q in hl.tile(@, @): u = q.begin", 250, false}, {"for q in hl.tile(@, block_size=@): u = q.begin", 250, false},
    {"for q in hl.tile(@, @, @): u = q.end", 250, false}, {"for q in hl.grid(@): u = q + 1", 60, false}, {"for q in hl.grid(@, @): u = q", 200, false}, {"for q in hl.grid(@, @, @): u = q", 200, false},
    {"for q in range(@, @, @): u = q", 200, false}, {"for q, r in @: u = q", 60, false}, {"for q in hl.static_range(@, @): u = q", 150, false}, {"for q in hl.jagged_tile(@): u = q.index", 60, false},
    {"if @: u = @", 200, false}, {"while @: pass", 60, false}, {"q, r = @", 60, false}, {"[q, *r] = @", 60, false}, {"q = r = @", 60, false}, {"q: int = @", 60, false}, {"assert @", 60, false}, {"assert @, @", 60, false},
    {"assert @ == @", 300, false}, {"assert @ > @ or @", 100, false}, {"q = g(*@)", 40, false}, {"q = g(v=@)", 40, false}, {"q = (lambda a, /, b=1, *, c=2: (a, b, c))(@, c=@)", 60, false}, {"q = torch.exp(*@)", 40, false}, {"q = max(*@)", 40, false},
    {"q = hl.arange(@, @, @)", 150, false}, {"q = bool(@)", 40, false}, {"q = float(@)", 40, false}, {"q = zip(@, (1, 2))", 40, false}, {"q = math.pow(@, @)", 60, false}, {"q = (@).item()", 60, false}, {"q = (@).numel()", 40, false},
    {"q = len(@)", 40, false}, {"@", 60, false}, {"print(@)", 60, false}, {"q = 2; q += @", 60, false}, {"q = v; q *= @", 60, false}, {"hl.store(out, [@, @], @, extra_mask=@)", 500, false}, {"hl.store(@, [@, @], @)", 300, false},
    {"hl.atomic_add(out, [@, @], @)", 300, false}, {"hl.atomic_add(@, [@], @)", 200, false}, {"hl.atomic_cas(out, [@, @], @, @)", 300, false}, {"hl.atomic_max(sums, [@], @)", 150, false}, {"torch._check(@)", 60, false},
    {"hl.register_block_size(@, @)", 150, true}, {"hl.register_tunable(@, @)", 150, true}, {"hl.specialize(@)", 60, true}, {"lambda q: q + @", 60, true}, {"(lambda q, r=@: q)(@)", 100, true}};

static void sweep_forms(sweep *s, uint64_t seed) {
  rng r = rng_new(seed);
  for (size_t i = 0; i < COUNT_OF(forms); i++)
    for (int k = 0; k < (s->c->where == IN_TILES ? forms[i].times : forms[i].times / 2); k++) {
      char line[LINE_MAX_CHARS];
      size_t used = 0;
      for (const char *c = forms[i].text; *c && used < sizeof line; c++)
        used += (size_t)snprintf(line + used, sizeof line - used, *c == '@' ? "%s" : "%.1s", *c == '@' ? atom(s->c, (size_t)rng_range(&r, 0, (int64_t)s->c->n_atoms - 1)) : c);
      if (forms[i].is_value)
        add_value(s, line);
      else
        add_statement(s, "%s", line);
    }
}

/* ---- tests ---- */
static void run_sweep(const context *c, bool table) {
  sweep *s = calloc(1, sizeof *s);
  s->c = c;
  if (table)
    sweep_table(s);
  sweep_forms(s, (uint64_t)testing_number("LOOM_SWEEP_SEED", 1));
  if (s->batch.n)
    check_batch(s);
  print_message("%s: %zu statements, %zu accepted, %zu graphs written as Device IR\n", c->name, s->n_statements, s->n_accepted, s->n_written);
  size_t n = s->n_statements, accepted = s->n_accepted, bad = (size_t)s->bad;
  free(s);
  assert_int_equal(bad, 0);
  assert_true(accepted > n / 50 && accepted < n);
}

static void test_in_tiles(void **state) { (void)state; run_sweep(&contexts[0], true); }
static void test_on_the_host(void **state) { (void)state; run_sweep(&contexts[1], true); }
static void test_in_bind_args(void **state) { (void)state; run_sweep(&contexts[2], true); }
static void test_in_tiles_with_sizes_that_vary(void **state) { (void)state; run_sweep(&contexts[3], false); }
static void test_on_the_host_with_sizes_that_vary(void **state) { (void)state; run_sweep(&contexts[4], false); }

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_in_tiles), cmocka_unit_test(test_on_the_host), cmocka_unit_test(test_in_bind_args),
                                     cmocka_unit_test(test_in_tiles_with_sizes_that_vary), cmocka_unit_test(test_on_the_host_with_sizes_that_vary)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
