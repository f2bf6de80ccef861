/* Finds ops in custom assembly and lets the two others rewrite them; everything else is copied. */
#include "ir/ir_upstream_text.h"
#include <ctype.h>
#include <string.h>

static bool is_word(char c) { return isalnum((unsigned char)c) || c == '_' || c == '.' || c == '$'; }

void upstream_skip(upstream_reader *r) {
  for (; r->at < r->end && isspace((unsigned char)*r->at); r->at++)
    if (*r->at == '\n')
      text_add(&r->out, "\n");
}

bool upstream_accept(upstream_reader *r, const char *literal) {
  size_t n = strlen(literal);
  upstream_skip(r);
  if (strncmp(r->at, literal, n) != 0 || (is_word(literal[n - 1]) && is_word(r->at[n])))
    return false;
  r->at += n;
  return true;
}

static const char *read_name(upstream_reader *r, char sigil, const char *more) {
  upstream_skip(r);
  const char *p = r->at;
  if (*p != sigil)
    return NULL;
  for (p++; is_word(*p) || (*p && strchr(more, *p));)
    p++;
  const char *s = arena_strndup(&r->ctx->mem, r->at, (size_t)(p - r->at));
  r->at = p;
  return s[1] ? s : NULL;
}

const char *upstream_value(upstream_reader *r) { return read_name(r, '%', "-#"); }
const char *upstream_symbol(upstream_reader *r) { return read_name(r, '@', "-"); }

static const char *skip_string(const char *p, const char *end) {
  for (p++; p < end && *p != '"' && *p != '\n'; p++)
    if (*p == '\\' && p + 1 < end)
      p++;
  return p < end ? p + 1 : p;
}

const char *upstream_balanced(upstream_reader *r, const char *stops) {
  upstream_skip(r);
  const char *from = r->at, *p = from;
  int depth = 0;
  for (; p < r->end && *p != '\n'; p++) {
    if (depth == 0 && (isspace((unsigned char)*p) || strchr(stops, *p)))
      break;
    if (*p == '"') {
      p = skip_string(p, r->end) - 1;
    } else if (p[0] == '-' && p[1] == '>') {
      p++;
    } else if (strchr("<([{", *p)) {
      depth++;
    } else if (strchr(">)]}", *p) && --depth < 0) {
      break;
    }
  }
  r->at = p;
  return arena_strndup(&r->ctx->mem, from, (size_t)(p - from));
}

loom_status upstream_fail(upstream_reader *r, const char *at, const char *name) {
  loom_span span = {.source = r->source, .line = 1, .col = 1};
  for (const char *p = r->start; p < at; p++) {
    span.line += *p == '\n';
    span.col = *p == '\n' ? 1 : span.col + 1;
  }
  span.end_line = span.line;
  span.end_col = span.col + (int32_t)strlen(name);
  diag_error(r->ctx, span, LOOM_EINPUT, "this %s is not in the form that is known", name);
  diag_help(r->ctx, "the generic form is always read: \"%s\"(operands) {attributes} : (types) -> type", name);
  return LOOM_EINPUT;
}

/* `#loom.iter_type<spatial>` is an enumeration upstream, a string here. */
static bool quote_iter_type(upstream_reader *r) {
  static const char prefix[] = "#loom.iter_type<";
  size_t n = sizeof prefix - 1;
  if (strncmp(r->at, prefix, n) != 0 || !isalpha((unsigned char)r->at[n]))
    return false;
  const char *p = r->at + n;
  size_t width = 0;
  while (isalpha((unsigned char)p[width]))
    width++;
  if (p[width] != '>')
    return false;
  text_addf(&r->out, "%s\"%.*s\"", prefix, (int)width, p);
  r->at = p + width;
  return true;
}

/* The name before `=` on the line of an op: "%0" of `%0 = adl.spatial_dim`. */
static const char *result_before(const upstream_reader *r, const char *op) {
  const char *p = op, *stop;
  while (p > r->start && p[-1] == ' ')
    p--;
  if (p == r->start || p[-1] != '=')
    return NULL;
  for (p--; p > r->start && p[-1] == ' ';)
    p--;
  stop = p;
  while (p > r->start && (is_word(p[-1]) || p[-1] == '-'))
    p--;
  return p > r->start && p[-1] == '%' ? arena_strndup(&r->ctx->mem, p - 1, (size_t)(stop - p + 1)) : NULL;
}

/* At the start of a word: an op in custom form is rewritten, anything else copied. */
static loom_status take_word(upstream_reader *r) {
  const char *from = r->at, *p = from, *next;
  while (p < r->end && is_word(*p))
    p++;
  for (next = p; next < r->end && (*next == ' ' || *next == '\t');)
    next++;
  bool is_alone = from == r->start || !strchr("\"#!@%^-", from[-1]), is_key = *next == '=' || *next == '(' || next == r->end;
  const char *name = arena_strndup(&r->ctx->scratch, from, (size_t)(p - from));
  bool is_hardware = text_starts(name, "adl.") || text_starts(name, "df.");
  r->at = p;
  if (is_alone && !is_key && is_hardware)
    return upstream_rewrite_hardware(r, name, result_before(r, from));
  if (is_alone && !is_key && upstream_is_loom_op(name))
    return upstream_rewrite_loom(r, name);
  text_add_bytes(&r->out, from, (size_t)(p - from));
  return LOOM_OK;
}

loom_status ir_rewrite_upstream(loom_ctx *ctx, const diag_source *source, const char *src, size_t size, const char **out, size_t *out_size, bool *out_hardware) {
  *out = src;
  *out_size = size;
  *out_hardware = false;
  if (!strstr(src, "loom.") && !strstr(src, "adl.") && !strstr(src, "df."))
    return LOOM_OK;
  upstream_reader r = {.ctx = ctx, .source = source, .start = src, .at = src, .end = src + size, .out = text_new(&ctx->mem)};
  while (r.at < r.end) {
    const char *from = r.at;
    arena_mark mark = arena_save(&ctx->scratch);
    if (*from == '"') {
      r.at = skip_string(from, r.end);
      r.has_hardware = r.has_hardware || ((text_starts(from, "\"adl.") || text_starts(from, "\"df.")) && *r.at == '(');
      text_add_bytes(&r.out, from, (size_t)(r.at - from));
    } else if (from[0] == '/' && from[1] == '/') {
      r.at += strcspn(from, "\n");
      text_add_bytes(&r.out, from, (size_t)(r.at - from));
    } else if (isalpha((unsigned char)*from) || *from == '_') {
      LOOM_TRY(take_word(&r));
    } else if (*from != '#' || !quote_iter_type(&r)) {
      text_add_bytes(&r.out, from, 1);
      r.at++;
    }
    arena_release(&ctx->scratch, mark);
  }
  *out = text_str(&r.out);
  *out_size = r.out.size;
  *out_hardware = r.has_hardware;
  return LOOM_OK;
}
