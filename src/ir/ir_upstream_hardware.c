/* Hardware descriptions (adl, df) in front of upstream's dumps.  Their spelling changed often, so an op is read by what it consists of: a name, operands
 * in brackets, numbers, `key = value` pairs.  Its generic form has
 *   name   without being a symbol        size, counts   numbers outside of pairs        groups, labels   how many operands each bracket has, and the word before it
 * The machine readers (src/machine) give these files their meaning; here they only have to be carried along. */
#include "ir/ir_upstream_text.h"
#include <ctype.h>
#include <string.h>

static const struct { const char *prefix, *type; } result_types[] = {
    {"adl.memory", "!adl.mem"},   {"adl.spatial_dim", "index"},        {"adl.resource", "!adl.resource"},    {"adl.", "!adl.arch"},
    {"df.spatial_dim", "index"},  {"df.mat", "!df.functional_unit"},   {"df.vec", "!df.functional_unit"},    {"df.memory", "!df.memory"},
    {"df.mux", "!df.mux"},        {"df.interconnects", "!df.interconnect"}, {"df.", "!df.compute"},
};

enum { HARDWARE_OPS_MAX = 4096 };

typedef struct hardware_op {
  text operands, types, attrs, groups, labels;
  int group;                 /* operands in the bracket that is open */
  const char *word;          /* the last one */
} hardware_op;

static const char *type_of(const upstream_reader *r, const char *value) {
  for (size_t i = r->values.n; i-- > 0;)
    if (text_eq(r->values.at[i], value))
      return r->types.at[i];
  return NULL;
}

static void close_group(hardware_op *h) {
  if (h->group) {
    text_addf(&h->groups, h->groups.size ? ", %d" : "%d", h->group);
    text_addf(&h->labels, "%s\"%s\"", h->labels.size ? ", " : "", h->word ? h->word : "");
  }
  h->group = 0;
}

static void add(text *list, const char *key, const char *value) { text_addf(list, "%s%s = %s", list->size ? ", " : "", key, value); }

static const char *read_word(upstream_reader *r) {
  const char *p = r->at;
  while (isalnum((unsigned char)*p) || *p == '_' || *p == '.')
    p++;
  const char *s = arena_strndup(&r->ctx->mem, r->at, (size_t)(p - r->at));
  r->at = p;
  return s;
}

static bool take_operand(upstream_reader *r, hardware_op *h) {
  const char *value = upstream_value(r), *type = value ? type_of(r, value) : NULL;
  if (!type)
    return false;
  text_addf(&h->operands, h->operands.size ? ", %s" : "%s", value);
  text_addf(&h->types, h->types.size ? ", %s" : "%s", type);
  h->group++;
  return true;
}

/* `key = value`, or `key = (operands` whose bracket is read on; or a word in front of a group. */
static void take_word(upstream_reader *r, hardware_op *h) {
  const char *word = read_word(r), *p = r->at + strspn(r->at, " ");
  close_group(h);
  h->word = word;
  if (*p != '=')
    return;
  p += 1 + strspn(p + 1, " ");
  r->at = p;
  if (*p == '(')
    return;
  const char *value = upstream_balanced(r, ",}");
  const char *type = r->at + strspn(r->at, " ");
  if (*type == ':') {      /* "128 : i64" */
    r->at = type + 1;
    value = arena_printf(&r->ctx->mem, "%s : %s", value, upstream_balanced(r, ",}"));
  }
  add(&h->attrs, word, value);
}

static bool take_part(upstream_reader *r, hardware_op *h) {
  char c = *r->at;
  if (c == '%')
    return take_operand(r, h);
  if (c == '!') {
    r->at++;
    read_word(r);
  } else if (c == '"') {
    add(&h->attrs, "name", upstream_balanced(r, ","));
  } else if (c == '@') {
    const char *name = upstream_symbol(r);
    if (!name)
      return false;
    add(&h->attrs, "name", arena_printf(&r->ctx->mem, "\"%s\"", name + 1));
  } else if (isalpha((unsigned char)c)) {
    take_word(r, h);
  } else if (isdigit((unsigned char)c)) {
    close_group(h);
    add(&h->attrs, "size", upstream_balanced(r, ",]"));
  } else if (c == '[' && isdigit((unsigned char)r->at[1])) {
    close_group(h);
    add(&h->attrs, "counts", upstream_balanced(r, ""));
  } else if (strchr("[](){},:", c)) {
    if (strchr("])", c))
      close_group(h);
    r->at++;
  } else {
    return false;
  }
  return true;
}

loom_status upstream_rewrite_hardware(upstream_reader *r, const char *name, const char *result) {
  const char *from = r->at - strlen(name), *type = NULL;
  arena *m = &r->ctx->mem;
  hardware_op h = {.operands = text_new(m), .types = text_new(m), .attrs = text_new(m), .groups = text_new(m), .labels = text_new(m)};
  for (size_t i = 0; !type; i++)
    if (text_starts(name, result_types[i].prefix))
      type = result_types[i].type;
  for (;;) {
    r->at += strspn(r->at, " \t\r");
    bool is_end = r->at >= r->end || *r->at == '\n' || text_starts(r->at, "//") || text_starts(r->at, "loc(");
    if (is_end || (*r->at == '}' && !memchr(from, '{', (size_t)(r->at - from))))
      break;
    if (!take_part(r, &h))
      return upstream_fail(r, from, arena_strndup(m, name, strlen(name)));
  }
  close_group(&h);
  if (h.groups.size) {
    add(&h.attrs, "groups", arena_printf(m, "[%s]", text_str(&h.groups)));
    add(&h.attrs, "labels", arena_printf(m, "[%s]", text_str(&h.labels)));
  }
  text_addf(&r->out, "\"%s\"(%s) {%s} : (%s) -> %s", name, text_str(&h.operands), text_str(&h.attrs), text_str(&h.types), result ? type : "()");
  if (result) {
    if (r->values.n == HARDWARE_OPS_MAX)
      LOOM_FAIL(r->ctx, (loom_span){.source = r->source}, LOOM_ELIMIT, "more than %d hardware ops in front of a module", HARDWARE_OPS_MAX);
    vec_push(m, &r->values, result);
    vec_push(m, &r->types, type);
  }
  r->has_hardware = true;
  return LOOM_OK;
}
