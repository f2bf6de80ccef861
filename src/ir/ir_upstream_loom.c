/* Custom forms of loom ops, one row each, as upstream's tools print them (and did). */
#include "ir/ir_upstream_text.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* Words of a form, separated by spaces:
 *   V operand   T type of the first operand that has none   R result type   I operand of type index   {  attributes, if there are any
 *   Lname [..]  sizes: numbers and operands   @name symbol   #name number   S offsets, sizes and strides   C clauses of a transfer, any, in any order
 * anything else stands for itself. */
static const struct { const char *name, *form; } rows[] = {
    {"loom.sym", "@symbol_ref { : R"},
    {"loom.bind_shape", "V , Lstatic_sizes { : T"},
    {"loom.bind_mem", "V , @memory { : T"},
    {"loom.alloc", "Lstatic_sizes on @memory { : R"},
    {"loom.placeholder", "Lstatic_sizes { : R"},
    {"loom.semaphore_take", "V { : T -> R"},
    {"loom.semaphore_give", "V { : T"},
    {"loom.init_tensor", "V Lstatic_sizes { : T -> R"},
    {"loom.bufferize_to_tensor", "V Lstatic_sizes { : T -> R"},
    {"loom.bufferize_to_memref", "V { : T -> R"},
    {"loom.subview", "V S C { : T to R"},
    {"loom.copy", "V , V C { : T to T"},
    {"loom.copy", "V , V C { : T , T"},
    {"loom.copy_to_tensor", "V , V C { : T , T -> R"},
    {"loom.copy_from_tensor", "V , V C { : T , T"},
    {"loom.gather", "V , V C across ( I : index ) C { : T to T"},
    {"loom.gather", "V , V C { : T to T"},
    {"loom.gather", "ins ( V : T ) outs ( V : T ) C across ( I : index ) C { -> R"},
    {"loom.gather", "ins ( V : T ) outs ( V : T ) C across ( I : index ) C {"},
    {"loom.broadcast", "ins ( V : T ) outs ( V : T ) dim ( #dim ) { -> R"},
    {"loom.sync", "ins ( V : T ) outs ( V : T ) { -> R"},
    {"loom.sync", "ins ( V : T ) outs ( V : T ) {"},
    {"loom.matmul", "ins ( V , V : T , T ) outs ( V : T ) {"},
    {"loom.batch_matmul", "ins ( V , V : T , T ) outs ( V : T ) {"},
};

enum { N_ROWS = sizeof rows / sizeof *rows, OPERANDS_MAX = 64, WORD_MAX = 24 };

/* An op being read. */
typedef struct op_text {
  const char *operand[OPERANDS_MAX], *type[OPERANDS_MAX];      /* type NULL: not read yet */
  int n;
  text attrs;
  const char *result;
  int segment[8], n_segments;      /* 0: the op has none */
} op_text;

bool upstream_is_loom_op(const char *name) {
  for (size_t i = 0; i < N_ROWS; i++)
    if (text_eq(rows[i].name, name))
      return true;
  return false;
}

/* A gather between buffers has its place and region behind both. */
const char *upstream_loom_form(const char *name) {
  if (text_eq(name, "loom.gather"))
    return "ins ( V : T ) outs ( V : T ) across ( I : index ) C {";
  for (size_t i = 0; i < N_ROWS; i++)
    if (text_eq(rows[i].name, name))
      return rows[i].form;
  return NULL;
}

static bool add_operand(op_text *o, const char *value, const char *type) {
  if (!value || o->n == OPERANDS_MAX)
    return false;
  o->operand[o->n] = value;
  o->type[o->n++] = type;
  return true;
}

static void add_attr(op_text *o, const char *name, const char *value) { text_addf(&o->attrs, "%s%s = %s", o->attrs.size ? ", " : "", name, value); }

static const char *read_number(upstream_reader *r) {
  upstream_skip(r);
  const char *p = r->at + (*r->at == '-');
  if (!isdigit((unsigned char)*p))
    return NULL;
  while (isdigit((unsigned char)*p))
    p++;
  const char *s = arena_strndup(&r->ctx->mem, r->at, (size_t)(p - r->at));
  r->at = p;
  return s;
}

/* "[%0, 64]": numbers into attribute `name` (NULL: there must be none), operands in their place; *out_n operands. */
static bool read_list(upstream_reader *r, op_text *o, const char *name, int *out_n) {
  text values = text_new(&r->ctx->mem);
  *out_n = 0;
  if (!upstream_accept(r, "["))
    return false;
  for (bool first = true; !upstream_accept(r, "]"); first = false) {
    if (!first && !upstream_accept(r, ","))
      return false;
    const char *number = read_number(r);
    if (!number) {
      if (!add_operand(o, upstream_value(r), "index"))
        return false;
      ++*out_n;
    }
    text_addf(&values, "%s%s", values.size ? ", " : "", number ? number : "-9223372036854775808");
  }
  if (name)
    add_attr(o, name, arena_printf(&r->ctx->mem, values.size ? "array<i64: %s>" : "array<i64%s>", text_str(&values)));
  return name || values.size == 0 || *out_n > 0;
}

static bool read_flag(upstream_reader *r, op_text *o, const char *key, const char *attr) {
  if (!upstream_accept(r, key) || !upstream_accept(r, "="))
    return false;
  bool is_true = upstream_accept(r, "true");
  if (!is_true && !upstream_accept(r, "false"))
    return false;
  add_attr(o, attr, is_true ? "true" : "false");
  upstream_accept(r, ",");
  return true;
}

static bool read_space(upstream_reader *r, op_text *o, const char *space, const char *kind) {
  const char *name = upstream_symbol(r);
  if (!name)
    return false;
  add_attr(o, space, name);
  const char *back = r->at;
  const char *number = upstream_accept(r, ":") ? read_number(r) : NULL;
  if (number)
    add_attr(o, kind, arena_printf(&r->ctx->mem, "%s : i64", number));
  else
    r->at = back;
  return true;
}

/* One clause; *out_more false: there is none here. */
static bool read_clause(upstream_reader *r, op_text *o, bool *out_more) {
  *out_more = true;
  if (upstream_accept(r, "src_mem_space"))
    return read_space(r, o, "src_mem_space", "src_mem_kind");
  if (upstream_accept(r, "dst_mem_space"))
    return read_space(r, o, "dst_mem_space", "dst_mem_kind");
  if (upstream_accept(r, "on"))
    return read_space(r, o, "memory", "memory_kind");
  if (upstream_accept(r, "area") || upstream_accept(r, "broadcast"))
    return upstream_accept(r, ":") && read_list(r, o, "static_area", &o->segment[2]);
  if (upstream_accept(r, "region"))
    return upstream_accept(r, ":") && upstream_accept(r, "(") && upstream_accept(r, "UL") && upstream_accept(r, ":") && read_list(r, o, NULL, &o->segment[3]) &&
           upstream_accept(r, ",") && upstream_accept(r, "LR") && upstream_accept(r, ":") && read_list(r, o, NULL, &o->segment[4]) && upstream_accept(r, ")");
  if (upstream_accept(r, "interconnect")) {
    if (!upstream_accept(r, ":"))
      return false;
    add_attr(o, "interconnect", upstream_balanced(r, ",:"));
    return true;
  }
  if (upstream_accept(r, "reuse"))
    return upstream_accept(r, ":") && upstream_accept(r, "[") && read_flag(r, o, "seq", "sequential_reuse") && read_flag(r, o, "spat", "spatial_reuse") &&
           read_flag(r, o, "temp", "temporal_reuse") && upstream_accept(r, "]");
  *out_more = false;
  return true;
}

static bool read_clauses(upstream_reader *r, op_text *o) {
  for (bool more = true; more;) {
    const char *back = r->at;
    upstream_accept(r, ",");
    if (!read_clause(r, o, &more))
      return false;
    if (!more)
      r->at = back;
  }
  return true;
}

static bool read_dict(upstream_reader *r, op_text *o) {
  upstream_skip(r);
  if (*r->at != '{')
    return true;
  const char *dict = upstream_balanced(r, "");
  size_t n = strlen(dict);
  if (n < 2 || dict[n - 1] != '}')
    return false;
  if (n > 2)
    text_addf(&o->attrs, "%s%.*s", o->attrs.size ? ", " : "", (int)n - 2, dict + 1);
  return true;
}

static bool read_type(upstream_reader *r, op_text *o, bool is_result) {
  const char *type = upstream_balanced(r, ",)");
  int i = 0;
  while (i < o->n && o->type[i])
    i++;
  if (!*type || (!is_result && i == o->n))
    return false;
  *(is_result ? &o->result : &o->type[i]) = type;
  return true;
}

static bool read_slice(upstream_reader *r, op_text *o) {
  static const char *const names[] = {"static_offsets", "static_sizes", "static_strides"};
  o->n_segments = 4;
  o->segment[0] = 1;
  for (int i = 0; i < 3; i++)
    if (!read_list(r, o, names[i], &o->segment[1 + i]))
      return false;
  return true;
}

static bool read_word(upstream_reader *r, op_text *o, const char *word) {
  const char *s;
  int n;
  switch (*word) {
  case 'V': return add_operand(o, upstream_value(r), NULL);
  case 'I': return add_operand(o, upstream_value(r), "index");
  case 'T': return read_type(r, o, false);
  case 'R': return read_type(r, o, true);
  case 'L': return read_list(r, o, word + 1, &n);
  case 'S': return read_slice(r, o);
  case 'C': return read_clauses(r, o);
  case '{': return read_dict(r, o);
  case '@':
    if ((s = upstream_symbol(r)))
      add_attr(o, word + 1, s);
    return s != NULL;
  case '#':
    if ((s = read_number(r)))
      add_attr(o, word + 1, arena_printf(&r->ctx->mem, "%s : i64", s));
    return s != NULL;
  default: return upstream_accept(r, word);
  }
}

static bool read_form(upstream_reader *r, const char *form, op_text *o) {
  while (*form) {
    char word[WORD_MAX];
    size_t n = strcspn(form, " ");
    if (n >= WORD_MAX)
      return false;
    memcpy(word, form, n);
    word[n] = 0;
    if (!read_word(r, o, word))
      return false;
    form += n + (form[n] == ' ');
  }
  for (int i = 0; i < o->n; i++)
    if (!o->type[i])
      return false;
  return true;
}

static void write_op(upstream_reader *r, const char *name, op_text *o) {
  if (text_eq(name, "loom.copy")) {
    o->n_segments = 5;
    o->segment[0] = o->segment[1] = 1;
  }
  text_addf(&r->out, "\"%s\"(", name);
  for (int i = 0; i < o->n; i++)
    text_addf(&r->out, i ? ", %s" : "%s", o->operand[i]);
  text_addf(&r->out, ") {%s", text_str(&o->attrs));
  if (o->n_segments) {
    text_addf(&r->out, "%soperandSegmentSizes = array<i32: ", o->attrs.size ? ", " : "");
    for (int i = 0; i < o->n_segments; i++)
      text_addf(&r->out, i ? ", %d" : "%d", o->segment[i]);
    text_add(&r->out, ">");
  }
  text_add(&r->out, "} : (");
  for (int i = 0; i < o->n; i++)
    text_addf(&r->out, i ? ", %s" : "%s", o->type[i]);
  text_addf(&r->out, ") -> %s", o->result ? o->result : "()");
}

loom_status upstream_rewrite_loom(upstream_reader *r, const char *name) {
  const char *from = r->at;
  size_t written = r->out.size;
  for (size_t i = 0; i < N_ROWS; i++) {
    if (!text_eq(rows[i].name, name))
      continue;
    op_text o = {.attrs = text_new(&r->ctx->mem)};
    if (read_form(r, rows[i].form, &o)) {
      write_op(r, name, &o);
      return LOOM_OK;
    }
    r->at = from;
    r->out.size = written;      /* line ends that were passed */
  }
  return upstream_fail(r, from - strlen(name), name);
}
