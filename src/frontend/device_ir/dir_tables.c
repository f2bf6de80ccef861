/* The text of helion-mlir's print_debug_info: one table a graph, the values of the nodes, the compile environment. */
#include "frontend/device_ir/dir_private.h"
#include "base/number.h"
#include <ctype.h>
#include <stdlib.h>

typedef struct line { const char *s; size_t n; loom_span at; } line;
typedef struct lines { const dir_program *p; const char *s, *end; int32_t number; } lines;

/* At the end of the text *out is an empty line. */
static bool next_line(lines *l, line *out) {
  if (l->s >= l->end) {
    *out = (line){.s = l->end};
    return false;
  }
  const char *stop = memchr(l->s, '\n', (size_t)(l->end - l->s));
  size_t n = (size_t)((stop ? stop : l->end) - l->s);
  l->number++;
  *out = (line){l->s, n, {l->p->source, l->number, 1, l->number, (int32_t)n + 1}};
  while (out->n && isspace((unsigned char)out->s[out->n - 1]))
    out->n--;
  l->s += n + (stop != NULL);
  return true;
}

static bool starts(const line *l, const char *prefix) {
  size_t n = strlen(prefix);
  return l->n >= n && strncmp(l->s, prefix, n) == 0;
}

static bool is_section(const line *l, const char *name) {
  return starts(l, "=== ") && l->n >= 4 + strlen(name) && strncmp(l->s + 4, name, strlen(name)) == 0;
}

static line part(const line *l, size_t from, size_t to) {
  line c = {l->s + l->n, 0, l->at};
  if (from >= l->n)
    return c;
  to = to < l->n ? to : l->n;
  while (to > from && isspace((unsigned char)l->s[to - 1]))
    to--;
  while (from < to && isspace((unsigned char)l->s[from]))
    from++;
  c.s = l->s + from;
  c.n = to - from;
  c.at.col = (int32_t)from + 1;
  c.at.end_col = (int32_t)to + 1;
  return c;
}

/* ---- tables ---- */
enum { COLUMNS = 5 };
typedef struct columns { size_t from[COLUMNS + 1]; } columns;

/* "------  -----  ---": where the columns begin. */
static bool read_columns(const line *l, columns *out) {
  int n = 0;
  for (size_t i = 0; i < l->n; i++)
    if (l->s[i] == '-' && (i == 0 || l->s[i - 1] == ' ')) {
      if (n == COLUMNS)
        return false;
      out->from[n++] = i;
    } else if (l->s[i] != '-' && l->s[i] != ' ') {
      return false;
    }
  out->from[COLUMNS] = SIZE_MAX;
  return n == COLUMNS;
}

static line cell(const line *l, const columns *c, int i) { return part(l, c->from[i], c->from[i + 1]); }

/* "{'dtype': torch.float16, 'layout': torch.strided}": the values stand where calls have keywords. */
static loom_status read_kwargs(dir_program *p, const line *l, dir_node *n) {
  text t = text_new(p->mem);
  dir_node parsed = {.name = NULL};
  if (l->n < 2 || l->s[0] != '{' || l->s[l->n - 1] != '}')
    LOOM_FAIL(p->ctx, l->at, LOOM_EINPUT, "the last column of a row holds the keyword arguments, {} when there are none");
  for (size_t i = 1; i + 1 < l->n; i++) {   /* 'key': value -> key= value, at the same columns; a key ends before the brace does */
    size_t end = i + 1;
    bool opens = l->s[i] == '\'' && (i == 1 || l->s[i - 1] == ' ');
    while (opens && (isalnum((unsigned char)l->s[end]) || l->s[end] == '_'))
      end++;
    if (opens && end + 1 < l->n && l->s[end] == '\'' && l->s[end + 1] == ':') {
      text_addf(&t, " %.*s =", (int)(end - i - 1), l->s + i + 1);
      i = end + 1;
    } else {
      text_add_bytes(&t, &l->s[i], 1);
    }
  }
  loom_span at = l->at;
  at.col++;
  LOOM_TRY(dir_parse_arguments(p->ctx, at, text_str(&t), t.size, &parsed));
  n->keys = parsed.keys;
  n->values = parsed.values;
  n->n_keys = parsed.n_keys;
  return LOOM_OK;
}

static loom_status read_row(dir_program *p, dir_graph *g, const line *l, const columns *c) {
  line op = cell(l, c, 0), name = cell(l, c, 1), target = cell(l, c, 2), args = cell(l, c, 3), kwargs = cell(l, c, 4);
  dir_node n = {.name = arena_strndup(p->mem, name.s, name.n), .span = name.at};
  if (starts(&op, "placeholder"))
    n.op = DIR_PLACEHOLDER;
  else if (starts(&op, "output"))
    n.op = DIR_OUTPUT;
  else if (starts(&op, "call_function"))
    n.op = DIR_CALL;
  else
    LOOM_FAIL(p->ctx, l->at, LOOM_EINPUT, "a row begins with placeholder, call_function or output, not \"%.*s\"", (int)op.n, op.s);
  n.target = dir_target(p->mem, target.s, target.n);
  LOOM_TRY(dir_parse_arguments(p->ctx, args.at, args.s, args.n, &n));
  LOOM_TRY(read_kwargs(p, &kwargs, &n));
  return dir_add_node(p, g, &n);
}

/* "Graph 0: ForLoopGraphInfo" */
static bool read_graph_line(dir_program *p, const line *l, dir_graph *out) {
  if (!starts(l, "Graph "))
    return false;
  char *end;
  long id = strtol(l->s + 6, &end, 10);
  if (end == l->s + 6 || id < 0 || id > INT32_MAX || *end != ':')
    return false;
  line name = part(l, (size_t)(end + 1 - l->s), l->n);
  *out = (dir_graph){.id = (int)id, .name = arena_strndup(p->mem, name.s, name.n), .span = l->at};
  out->kind = dir_class_of(out->name);
  return true;
}

static loom_status read_graphs(dir_program *p, lines *all, line *l) {
  columns c;
  bool has_columns = false;
  dir_graph g;
  while (next_line(all, l) && !starts(l, "=== ")) {
    if (read_graph_line(p, l, &g)) {
      if (dir_find_graph(p, g.id))
        LOOM_FAIL(p->ctx, l->at, LOOM_EINPUT, "the dump has graph %d twice", g.id);
      vec_push(p->mem, &p->graphs, g);
      has_columns = false;
    } else if (!l->n || starts(l, "opcode")) {
      continue;
    } else if (!p->graphs.n) {
      LOOM_FAIL(p->ctx, l->at, LOOM_EINPUT, "\"Graph N: class\" is expected before the first table");
    } else if (!has_columns) {
      if (!read_columns(l, &c))
        LOOM_FAIL(p->ctx, l->at, LOOM_EINPUT, "the rule of a table of %d columns is expected here: opcode, name, target, args, kwargs", COLUMNS);
      has_columns = true;
    } else {
      LOOM_TRY(read_row(p, &p->graphs.at[p->graphs.n - 1], l, &c));
    }
  }
  return LOOM_OK;
}

/* ---- values ---- */
/* "Node acc : FakeTensor(..)": all graphs one after the other, without the nodes that give nothing. */
typedef struct cursor { size_t graph, node; } cursor;

static dir_node *find_next(dir_program *p, cursor *at, const char *name) {
  cursor c = *at;
  for (; c.graph < p->graphs.n; c.graph++, c.node = 0)
    for (; c.node < p->graphs.at[c.graph].nodes.n; c.node++)
      if (text_eq(p->graphs.at[c.graph].nodes.at[c.node].name, name)) {
        *at = (cursor){c.graph, c.node + 1};
        return &p->graphs.at[c.graph].nodes.at[c.node];
      }
  return NULL;
}

static loom_status read_values(dir_program *p, lines *all, line *l) {
  cursor at = {0, 0};
  while (next_line(all, l) && !starts(l, "=== ")) {
    if (!starts(l, "Node "))
      continue;
    const char *colon = memchr(l->s, ':', l->n);
    if (!colon)
      LOOM_FAIL(p->ctx, l->at, LOOM_EINPUT, "\"Node NAME : VALUE\" is expected here");
    line name = part(l, 5, (size_t)(colon - l->s)), value = part(l, (size_t)(colon + 1 - l->s), l->n);
    dir_node *n = find_next(p, &at, arena_strndup(p->mem, name.s, name.n));
    if (n)   /* what is listed behind the last graph belongs to graphs that are not in the tables */
      LOOM_TRY(dir_parse_value(p->ctx, value.at, value.s, value.n, &n->val));
  }
  return LOOM_OK;
}

/* ---- compile environment ---- */
/* The text behind "key=" up to ", " outside of parentheses. */
static bool field(const line *l, const char *key, line *out) {
  size_t n = strlen(key);
  for (size_t i = 0; i + n < l->n; i++) {
    if (strncmp(l->s + i, key, n) != 0 || l->s[i + n] != '=' || (i && l->s[i - 1] != ' ' && l->s[i - 1] != '('))
      continue;
    size_t from = i + n + 1, to = from;
    int depth = 0;
    while (to < l->n && !(depth == 0 && (l->s[to] == ',' || l->s[to] == ')'))) {
      depth += (l->s[to] == '(') - (l->s[to] == ')');
      to++;
    }
    *out = part(l, from, to);
    return true;
  }
  return false;
}

/* "  Block 2: Size=s98, Var=u5, Reduction=False, Source=FixedBlockSizeSource(value=u2)" */
static loom_status read_block(dir_program *p, const line *l) {
  line size, var, reduction, source, value;
  syn_node *e;
  const char *digits = strstr(l->s, "Block ") + 6;
  dir_block b = {.id = number_take(&digits), .span = l->at};
  if (b.id < 0 || dir_find_block(p, b.id) || !field(l, "Size", &size) || !field(l, "Var", &var))
    LOOM_FAIL(p->ctx, l->at, LOOM_EINPUT, "\"Block N: Size=.., Var=.., Reduction=.., Source=..\" is expected here, with each number once");
  LOOM_TRY(dir_parse(p->ctx, var.at, var.s, var.n, &e));
  b.var = dir_name_of(e);
  LOOM_TRY(dir_parse(p->ctx, size.at, size.s, size.n, &e));
  b.size = e->kind == SYN_Constant && e->const_kind == SYN_CONST_NONE ? NULL : e;
  b.is_reduction = field(l, "Reduction", &reduction) && starts(&reduction, "True");
  if (field(l, "Source", &source) && starts(&source, "FixedBlockSizeSource") && field(&source, "value", &value)) {
    LOOM_TRY(dir_parse(p->ctx, value.at, value.s, value.n, &e));
    b.fixed = e;
  }
  vec_push(p->mem, &p->blocks, b);
  return LOOM_OK;
}

/* "  Var s30: 32": sizes of arguments are what the kernel was bound with; what u-symbols have is a guess of Helion's. */
static loom_status read_variable(dir_program *p, const line *l) {
  const char *name = strstr(l->s, "Var ") + 4;
  size_t n = strcspn(name, ":\n");
  char *end;
  dir_symbol *s = dir_add_symbol(p, arena_strndup(p->mem, name, n));
  if (name[n] != ':')
    LOOM_FAIL(p->ctx, l->at, LOOM_EINPUT, "\"Var NAME: VALUE\" is expected here");
  int64_t v = strtoll(name + n + 1, &end, 10);
  if (end == name + n + 1 || (end < l->s + l->n && *end == '.'))
    return LOOM_OK;   /* a float or an expression */
  s->value = v;
  s->is_hint = s->name[0] == 'u' || s->name[0] == 'z';
  s->has_value = !s->is_hint;
  return LOOM_OK;
}

static loom_status read_environment(dir_program *p, lines *all, line *l) {
  while (next_line(all, l) && !starts(l, "=== ")) {
    line inner = part(l, 0, l->n);
    if (starts(&inner, "Block ") && isdigit((unsigned char)inner.s[6]))
      LOOM_TRY(read_block(p, l));
    else if (starts(&inner, "Var "))
      LOOM_TRY(read_variable(p, l));
    else if (l->n && !starts(l, "Block Sizes") && !starts(l, "Shape Env"))
      break;   /* the environment is over */
  }
  return LOOM_OK;
}

loom_status dir_read_tables(dir_program *p, const char *dump, size_t size) {
  lines all = {.p = p, .s = dump, .end = dump + size};
  line l;
  bool has_environment = false;
  while (next_line(&all, &l) && !is_section(&l, "Device IR ==="))
    ;
  LOOM_TRY(read_graphs(p, &all, &l));
  while (is_section(&l, "Nodes with symbols") || is_section(&l, "Compile Environment")) {
    bool is_values = is_section(&l, "Nodes with symbols");
    has_environment = has_environment || !is_values;
    LOOM_TRY(is_values ? read_values(p, &all, &l) : read_environment(p, &all, &l));
  }
  if (!has_environment)
    LOOM_FAIL(p->ctx, ((loom_span){.source = p->source}), LOOM_EINPUT, "the dump has no section \"=== Compile Environment ===\", which says the blocks and sizes");
  return LOOM_OK;
}
