/* Perf sets of a machine file: functions, their scenarios, aliases. */
#include "base/text.h"
#include "machine/machine_private.h"
#include <math.h>
#include <ctype.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

/* First byte of the text of scalar `v`: behind the quote of a quoted one. */
static const char *scalar_text(const data_value *v, loom_span *span) {
  *span = v->span;
  if (!span->source || span->line < 1)
    return v->string;
  const char *p = span->source->text, *end = p + span->source->size;
  for (int32_t line = 1; line < span->line; line++) {
    const char *newline = memchr(p, '\n', (size_t)(end - p));
    if (!newline)
      return v->string;
    p = newline + 1;
  }
  const char *at = p + (span->col - 1);
  if (at < end && (*at == '"' || *at == '\''))
    span->col++;
  return v->string;
}

static bool is_word_char(char c) { return isalnum((unsigned char)c) || c == '_'; }

static const char *find_word(const char *s, const char *word) {
  size_t n = strlen(word);
  for (const char *p = s; (p = strstr(p, word)); p++)
    if ((p == s || !is_word_char(p[-1])) && !is_word_char(p[n]))
      return p;
  return NULL;
}

loom_span machine_word_span(const data_value *v, const char *word) {
  loom_span span;
  const char *s = scalar_text(v, &span), *at = find_word(s, word);
  if (!at || span.line != span.end_line)
    return v->span;
  span.col += (int32_t)(at - s);
  span.end_col = span.col + (int32_t)strlen(word);
  return span;
}

/* ---- expressions ---- */

typedef struct symbol_check { const machine_func *func; const char *unknown; } symbol_check;

static const sym_expr *check_symbol(void *data, const char *name) {
  symbol_check *c = data;
  bool known = false;
  for (size_t i = 0; i < c->func->symbols.n; i++)
    known = known || text_eq(c->func->symbols.at[i], name);
  if (!known && !c->unknown)
    c->unknown = name;
  return NULL;
}

static loom_status check_symbols(loom_ctx *ctx, const data_value *v, const machine_func *f, const sym_expr *e) {
  symbol_check c = {f, NULL};
  sym_subst(&ctx->scratch, e, check_symbol, &c);
  if (!c.unknown)
    return LOOM_OK;
  diag_error(ctx, machine_word_span(v, c.unknown), LOOM_EINPUT, "'%s' is not a symbol of '%s'", c.unknown, f->name);
  const char *near = diag_nearest(c.unknown, f->symbols.at, f->symbols.n);
  if (near)
    diag_help(ctx, "did you mean '%s'?", near);
  else
    diag_help(ctx, "list it in 'symbols' if it is one");
  return LOOM_EINPUT;
}

/* `text` with ceildiv for every '/'. */
static const char *round_up(arena *m, const char *from) {
  text t = text_new(m);
  for (const char *p = from; *p; p++)
    text_add(&t, *p == '/' ? " ceildiv " : (char[]){*p, 0});
  return text_str(&t);
}

typedef enum rounding { ROUND_DOWN, ROUND_UP } rounding;

static loom_status read_text_expr(loom_ctx *ctx, const data_value *v, const char *key, const machine_func *f, bool is_guard, rounding r, const sym_expr **out) {
  loom_span span;
  const char *s = scalar_text(v, &span);
  LOOM_TRY(sym_parse(ctx, span, s, out));
  if (sym_op_is_boolean((*out)->op) != is_guard)
    LOOM_FAIL(ctx, v->span, LOOM_EINPUT, is_guard ? "'%s' is a number; expected a condition such as M * N >= 8192" : "'%s' is a condition; expected a number", key);
  LOOM_TRY(check_symbols(ctx, v, f, *out));
  /* Read again rather than rewritten: quotients of constants are folded while they are read. */
  return r == ROUND_UP && strchr(s, '/') ? sym_parse(ctx, span, round_up(&ctx->mem, s), out) : LOOM_OK;
}

/* An expression over the function's symbols.  `/` means the division that `r` says; floordiv and ceildiv say it themselves. */
static loom_status read_expr(loom_ctx *ctx, const data_value *v, const char *key, const machine_func *f, bool is_guard, rounding r, const sym_expr **out) {
  int64_t known;
  if (v->kind == DATA_INT && !is_guard)
    *out = sym_const(&ctx->mem, v->integer);
  else if (v->kind == DATA_BOOL && is_guard)
    *out = sym_make(&ctx->mem, v->boolean ? SYM_TRUE : SYM_FALSE, NULL, NULL, NULL);
  else if (v->kind == DATA_STRING)
    LOOM_TRY(read_text_expr(ctx, v, key, f, is_guard, r, out));
  else
    LOOM_FAIL(ctx, v->span, LOOM_EINPUT, "'%s' is %s; expected an expression", key, data_kind_name(v->kind));
  if (!is_guard && sym_is_const(*out, &known) && known < 0)
    LOOM_FAIL(ctx, v->span, LOOM_EINPUT, "'%s' is %" PRId64 "; must not be negative", key, known);
  return LOOM_OK;
}

/* ---- functions ---- */

enum { RATE_SCALE_MAX = 1000000 };

/* A rate with decimals, 6.9, as 69 for ten times the volume. */
static loom_status read_decimal_rate(loom_ctx *ctx, const data_value *v, machine_scenario *s) {
  for (int64_t scale = 10; scale <= RATE_SCALE_MAX; scale *= 10) {
    const double scaled = v->real * (double)scale, whole = nearbyint(scaled);
    if (whole < 1 || whole > 1e15 || fabs(scaled - whole) > 1e-9 * whole)
      continue;
    s->throughput = sym_const(&ctx->mem, (int64_t)whole);
    s->volume = sym_mul(&ctx->mem, s->volume, sym_const(&ctx->mem, scale));
    return LOOM_OK;
  }
  LOOM_FAIL(ctx, v->span, LOOM_EINPUT, "'throughput' is %g; must be 0.000001 or more, with six decimals at most", v->real);
}

static loom_status read_scenario(loom_ctx *ctx, const data_value *v, const machine_func *f, bool has_when, machine_scenario *s) {
  const data_value *when = has_when ? data_get(v, "when") : NULL, *fixed = data_get(v, "fixed"), *volume = data_get(v, "volume"),
                   *throughput = data_get(v, "throughput");
  arena *mem = &ctx->mem;
  *s = (machine_scenario){sym_make(mem, SYM_TRUE, NULL, NULL, NULL), sym_const(mem, 0), sym_const(mem, 0), sym_const(mem, 1), v->span};
  if (!fixed && !volume) {
    diag_error(ctx, v->span, LOOM_EINPUT, "the cost of '%s' has neither 'fixed' nor 'volume'", f->name);
    diag_help(ctx, "cycles = ceil(fixed) + ceil(volume / throughput)");
    return LOOM_EINPUT;
  }
  if (!volume != !throughput)
    LOOM_FAIL(ctx, (volume ? volume : throughput)->span, LOOM_EINPUT, "'%s' needs '%s' beside it", volume ? "volume" : "throughput",
              volume ? "throughput" : "volume");
  if (when)
    LOOM_TRY(read_expr(ctx, when, "when", f, true, ROUND_DOWN, &s->when));
  if (fixed)
    LOOM_TRY(read_expr(ctx, fixed, "fixed", f, false, ROUND_UP, &s->fixed));
  if (!volume)
    return LOOM_OK;
  LOOM_TRY(read_expr(ctx, volume, "volume", f, false, ROUND_UP, &s->volume));
  if (throughput->kind == DATA_REAL)
    return read_decimal_rate(ctx, throughput, s);
  LOOM_TRY(read_expr(ctx, throughput, "throughput", f, false, ROUND_DOWN, &s->throughput));
  int64_t rate;
  if (sym_is_const(s->throughput, &rate) && rate < 1)
    LOOM_FAIL(ctx, throughput->span, LOOM_EINPUT, "'throughput' is %" PRId64 "; must be at least 1", rate);
  return LOOM_OK;
}

/* Either a list of scenarios, or one cost written into the function itself. */
static loom_status read_scenarios(loom_ctx *ctx, const data_value *v, machine_func *f) {
  static const char *const keys[] = {"when", "fixed", "volume", "throughput"};
  const data_value *list = data_get(v, "scenarios");
  machine_scenario s;
  if (!list) {
    LOOM_TRY(read_scenario(ctx, v, f, false, &s));   /* `when` is the function's */
    vec_push(&ctx->mem, &f->scenarios, s);
    return LOOM_OK;
  }
  for (size_t i = 1; i < COUNT(keys); i++)
    if (data_get(v, keys[i]))
      LOOM_FAIL(ctx, data_get(v, keys[i])->span, LOOM_EINPUT, "'%s' has both 'scenarios' and '%s'; write one of them", f->name, keys[i]);
  if (list->kind != DATA_ARRAY || !list->n)
    LOOM_FAIL(ctx, list->span, LOOM_EINPUT, "'scenarios' must be a list with at least one cost");
  for (size_t i = 0; i < list->n; i++) {
    LOOM_TRY(data_only_keys(ctx, list->items[i], keys, COUNT(keys)));
    LOOM_TRY(read_scenario(ctx, list->items[i], f, true, &s));
    vec_push(&ctx->mem, &f->scenarios, s);
  }
  return LOOM_OK;
}

static loom_status read_unit(loom_ctx *ctx, const data_value *v, const machine *m, machine_func *f) {
  VEC_OF(const char *) names = {0};
  LOOM_TRY(data_need_string(ctx, v, "unit", &f->unit));
  for (size_t i = 0; i < m->units.n; i++)
    vec_push(&ctx->mem, &names, m->units.at[i].name);
  for (size_t i = 0; i < m->movers.n; i++)
    vec_push(&ctx->mem, &names, m->movers.at[i]);
  for (size_t i = 0; i < names.n; i++)
    if (text_eq(names.at[i], f->unit))
      return LOOM_OK;
  diag_error(ctx, data_get(v, "unit")->span, LOOM_EINPUT, "the core has no unit or mover '%s'", f->unit);
  const char *near = diag_nearest(f->unit, names.at, names.n);
  if (near)
    diag_help(ctx, "did you mean '%s'?", near);
  else
    diag_help(ctx, "units are listed in core.units, movers in core.movers");
  return LOOM_EINPUT;
}

static loom_status read_symbols(loom_ctx *ctx, const data_value *v, machine_func *f) {
  data_value *list;
  LOOM_TRY(data_need(ctx, v, "symbols", DATA_ARRAY, &list));
  for (size_t i = 0; i < list->n; i++) {
    const data_value *s = list->items[i];
    bool ok = s->kind == DATA_STRING && *s->string && !isdigit((unsigned char)*s->string);
    for (const char *p = ok ? s->string : ""; *p; p++)
      ok = ok && is_word_char(*p);
    if (!ok)
      LOOM_FAIL(ctx, s->span, LOOM_EINPUT, "a symbol is a word of letters, digits and '_'");
    vec_push(&ctx->mem, &f->symbols, s->string);
  }
  return LOOM_OK;
}

/* A function that other units have too is written name@unit. */
static loom_status split_name(loom_ctx *ctx, machine_func *f) {
  const char *at = strchr(f->name, '@');
  if (!at)
    return LOOM_OK;
  if (!text_eq(at + 1, f->unit))
    LOOM_FAIL(ctx, f->span, LOOM_EINPUT, "'%s' runs on '%s'; the name behind the @ must be that of its unit", f->name, f->unit);
  f->name = arena_strndup(&ctx->mem, f->name, (size_t)(at - f->name));
  return LOOM_OK;
}

loom_status machine_read_func(loom_ctx *ctx, const data_member *member, const machine *m, machine_func *f) {
  static const char *const keys[] = {"unit", "symbols", "when", "scenarios", "fixed", "volume", "throughput", "assumed"};
  const data_value *v = member->value, *when = data_get(v, "when");
  *f = (machine_func){.name = member->key, .span = member->key_span, .when = sym_make(&ctx->mem, SYM_TRUE, NULL, NULL, NULL)};
  LOOM_TRY(data_only_keys(ctx, v, keys, COUNT(keys)));
  LOOM_TRY(read_unit(ctx, v, m, f));
  LOOM_TRY(split_name(ctx, f));
  LOOM_TRY(read_symbols(ctx, v, f));
  LOOM_TRY(machine_read_optional_bool(ctx, v, "assumed", &f->is_assumed));
  if (when)
    LOOM_TRY(read_expr(ctx, when, "when", f, true, ROUND_DOWN, &f->when));
  return read_scenarios(ctx, v, f);
}

/* ---- sets ---- */

static loom_status read_aliases(loom_ctx *ctx, const data_value *aliases, machine_perf *p) {
  VEC_OF(const char *) names = {0};
  for (size_t i = 0; i < p->funcs.n; i++)
    vec_push(&ctx->mem, &names, p->funcs.at[i].name);
  for (size_t i = 0; i < aliases->n; i++) {
    machine_alias a = {.name = aliases->members[i].key};
    const data_value *target = aliases->members[i].value;
    LOOM_TRY(machine_read_name(ctx, target, "a function's name", &a.target));
    const machine_perf plain = {.funcs = {p->funcs.at, p->funcs.n, p->funcs.room}};
    if (machine_perf_find(&plain, a.name))
      LOOM_FAIL(ctx, aliases->members[i].key_span, LOOM_EINPUT, "the alias '%s' is also a function", a.name);
    if (!machine_perf_find(&plain, a.target)) {
      diag_error(ctx, target->span, LOOM_EINPUT, "the alias '%s' names '%s', which is no function of the set", a.name, a.target);
      const char *near = diag_nearest(a.target, names.at, names.n);
      if (near)
        diag_help(ctx, "did you mean '%s'?", near);
      return LOOM_EINPUT;
    }
    vec_push(&ctx->mem, &p->aliases, a);
  }
  return LOOM_OK;
}

static loom_status read_set(loom_ctx *ctx, const data_member *member, const machine *m, machine_perf *p) {
  static const char *const keys[] = {"source", "functions", "aliases"};
  const data_value *v = member->value;
  data_value *functions, *aliases;
  *p = (machine_perf){.name = member->key};
  LOOM_TRY(data_only_keys(ctx, v, keys, COUNT(keys)));
  LOOM_TRY(machine_read_optional_string(ctx, v, "source", &p->source));
  LOOM_TRY(data_need(ctx, v, "functions", DATA_OBJECT, &functions));
  loom_status st = LOOM_OK;
  for (size_t i = 0; i < functions->n; i++) {
    machine_func f;
    machine_keep(&st, machine_read_func(ctx, &functions->members[i], m, &f));
    vec_push(&ctx->mem, &p->funcs, f);
  }
  if (st != LOOM_OK || !data_get(v, "aliases"))
    return st;
  LOOM_TRY(data_need(ctx, v, "aliases", DATA_OBJECT, &aliases));
  return read_aliases(ctx, aliases, p);
}

static int find_set(const machine *m, const char *name) {
  for (size_t i = 0; i < m->perf.n; i++)
    if (text_eq(m->perf.at[i].name, name))
      return (int)i;
  return -1;
}

static const char *nearest_set(loom_ctx *ctx, const machine *m, const char *name) {
  VEC_OF(const char *) names = {0};
  for (size_t i = 0; i < m->perf.n; i++)
    vec_push(&ctx->mem, &names, m->perf.at[i].name);
  return diag_nearest(name, names.at, names.n);
}

static const char *list_sets(arena *mem, const machine *m) {
  text t = text_new(mem);
  for (size_t i = 0; i < m->perf.n; i++)
    text_addf(&t, "%s%s", i ? ", " : "", m->perf.at[i].name);
  return text_str(&t);
}

static loom_status choose_set(loom_ctx *ctx, machine *m, loom_span span, loom_status failure, const char *name) {
  m->calibration = find_set(m, name);
  if (m->calibration >= 0)
    return LOOM_OK;
  m->calibration = 0;
  diag_error(ctx, span, failure, "machine '%s' has no perf set '%s'", m->name, name);
  const char *near = nearest_set(ctx, m, name);
  if (near)
    diag_help(ctx, "did you mean '%s'?", near);
  else
    diag_help(ctx, "it has: %s", list_sets(&ctx->mem, m));
  return failure;
}

loom_status machine_use_calibration(loom_ctx *ctx, machine *m, const char *name) {
  return choose_set(ctx, m, LOOM_NOSPAN, LOOM_EUSAGE, name);
}

loom_status machine_read_perf(loom_ctx *ctx, const data_value *root, machine *m) {
  data_value *perf;
  LOOM_TRY(data_need(ctx, root, "perf", DATA_OBJECT, &perf));
  if (!perf->n)
    LOOM_FAIL(ctx, perf->span, LOOM_EINPUT, "'perf' holds no perf set");
  loom_status st = LOOM_OK;
  for (size_t i = 0; i < perf->n; i++) {
    machine_perf p;
    machine_keep(&st, read_set(ctx, &perf->members[i], m, &p));
    vec_push(&ctx->mem, &m->perf, p);
  }
  const data_value *calibration = data_get(root, "calibration");
  if (st != LOOM_OK || !calibration)
    return st;   /* the first set */
  const char *name;
  LOOM_TRY(machine_read_name(ctx, calibration, "a perf set's name", &name));
  return choose_set(ctx, m, calibration->span, LOOM_EINPUT, name);
}
