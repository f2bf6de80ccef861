/* Edits of syntax trees.  The first byte of the input chooses a seed file (tests/fuzz/seeds, parsed once), every five bytes after it are an
 * edit: what to do, where (two bytes), with what (two bytes).  A copy is edited; what is put in comes from the seed's own tree, which never
 * changes, so that no edit makes a cycle. */
#include "fuzz.h"
#include "base/file.h"
#include "base/vec.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SEEDS_MAX = 200, EDIT_BYTES = 5, EDITS_MAX = 24, SLOTS_MAX = 20000, WORDS_MAX = 4000 };

/* A place that holds a node, in a list or not. */
typedef struct slot { syn_node **node, *first; syn_field *list; size_t at; } slot;   /* first: what it held before all edits */
typedef struct slots { slot *at; size_t n; } slots;

typedef struct seed { syn_node *tree; slots all; helion_options options; const char *name; } seed;
static seed seeds[SEEDS_MAX];
static int n_seeds;
static const char *words[WORDS_MAX];   /* names of the language, from the op table */
static size_t n_words;
static loom_ctx lasting;               /* memory of the seeds */

static bool is_statement(const syn_node *n) { return n->kind >= SYN_FunctionDef && n->kind <= SYN_Match; }

static bool is_operator(const syn_node *n) { return n->kind >= SYN_And && n->kind <= SYN_NotIn; }

static bool has_own_kind(const syn_node *n) { return n->kind >= SYN_arguments && n->kind <= SYN_comprehension; }

static bool may_stand_for(const syn_node *a, const syn_node *b) {
  if (is_statement(a) != is_statement(b) || is_operator(a) || is_operator(b))
    return false;
  return has_own_kind(a) || has_own_kind(b) ? a->kind == b->kind : true;
}

static syn_node *copy_tree(arena *m, const syn_node *n) {
  syn_node *c = ARENA_NEW(m, syn_node);
  *c = *n;
  c->fields = ARENA_NEW_N(m, syn_field, n->n_fields + 1);   /* one more for an edit */
  for (size_t i = 0; i < n->n_fields; i++) {
    syn_field *f = &c->fields[i];
    *f = n->fields[i];
    if (f->node)
      f->node = copy_tree(m, f->node);
    if (!f->is_list)
      continue;
    f->items = ARENA_NEW_N(m, syn_node *, f->n + EDITS_MAX);
    for (size_t k = 0; k < f->n; k++)
      f->items[k] = n->fields[i].items[k] ? copy_tree(m, n->fields[i].items[k]) : NULL;
  }
  return c;
}

static void collect(syn_node *n, slots *s) {
  for (size_t i = 0; i < n->n_fields; i++) {
    syn_field *f = &n->fields[i];
    if (f->node && s->n < SLOTS_MAX) {
      s->at[s->n++] = (slot){&f->node, f->node, NULL, 0};
      collect(f->node, s);
    }
    for (size_t k = 0; f->is_list && k < f->n; k++)
      if (f->items[k] && s->n < SLOTS_MAX) {
        s->at[s->n++] = (slot){&f->items[k], f->items[k], f, k};
        collect(f->items[k], s);
      }
  }
}

static int64_t interesting(unsigned v) {
  static const int64_t some[] = {0, 1, 2, 3, 4, 7, 8, 16, 31, 32, 64, 127, 128, 255, 1023, 1024, 65536, INT32_MAX, -1, -2, -3, -8, INT32_MIN, INT64_MAX, INT64_MIN, 1000000007};
  return some[v % (sizeof some / sizeof *some)];
}

static void change_constant(arena *m, syn_node *n, unsigned v) {
  n->const_kind = (syn_const)(v % 9);
  n->integer = n->const_kind == SYN_CONST_BOOL ? v / 9 % 2 : interesting(v / 9);
  n->real = n->const_kind == SYN_CONST_FLOAT ? (double)interesting(v / 9) / 3.0 : (double)n->integer;
  n->string = n->const_kind == SYN_CONST_BIGINT ? "123456789012345678901234567890" : arena_strdup(m, words[v % n_words]);
}

static syn_field *field(syn_node *n, const char *name) {
  for (size_t i = 0; i < n->n_fields; i++)
    if (text_eq(n->fields[i].name, name))
      return &n->fields[i];
  return NULL;
}

/* Name, Attribute, arg, keyword, FunctionDef: the identifier. */
static void change_name(syn_node *n, unsigned v) {
  for (size_t i = 0; i < n->n_fields; i++)
    if (n->fields[i].ident) {
      const char *word = words[v % n_words], *dot = strrchr(word, '.');
      n->fields[i].ident = dot ? dot + 1 : word;
      return;
    }
}

static syn_node *new_node(arena *m, syn_kind kind, const char *class_name, loom_span span, size_t fields) {
  syn_node *n = ARENA_NEW(m, syn_node);
  *n = (syn_node){.kind = kind, .class_name = class_name, .span = span, .n_fields = fields, .fields = ARENA_NEW_N(m, syn_field, fields + 1)};
  return n;
}

static syn_node *name_node(arena *m, const char *id, loom_span span) {
  const char *dot = strrchr(id, '.');
  syn_node *n = new_node(m, dot ? SYN_Attribute : SYN_Name, dot ? "Attribute" : "Name", span, dot ? 2 : 1);
  if (!dot) {
    n->fields[0] = (syn_field){.name = "id", .ident = id};
    return n;
  }
  n->fields[0] = (syn_field){.name = "value", .node = name_node(m, arena_strndup(m, id, (size_t)(dot - id)), span)};
  n->fields[1] = (syn_field){.name = "attr", .ident = dot + 1};
  return n;
}

/* e -> word(e, b), e[b], e + b, e if b else e, -e */
static syn_node *wrapped(arena *m, syn_node *e, syn_node *b, unsigned v) {
  syn_node *n;
  switch (v % 5) {
  case 0:
    n = new_node(m, SYN_Call, "Call", e->span, 3);
    n->fields[0] = (syn_field){.name = "func", .node = name_node(m, words[v / 5 % n_words], e->span)};
    n->fields[1] = (syn_field){.name = "args", .is_list = true, .n = 1 + v % 2, .items = ARENA_NEW_N(m, syn_node *, 2 + EDITS_MAX)};
    n->fields[1].items[0] = e;
    n->fields[1].items[1] = b;
    n->fields[2] = (syn_field){.name = "keywords", .is_list = true, .items = ARENA_NEW_N(m, syn_node *, 1 + EDITS_MAX)};
    return n;
  case 1:
    n = new_node(m, SYN_Subscript, "Subscript", e->span, 2);
    n->fields[0] = (syn_field){.name = "value", .node = e};
    n->fields[1] = (syn_field){.name = "slice", .node = b};
    return n;
  case 2:
    n = new_node(m, SYN_BinOp, "BinOp", e->span, 3);
    n->fields[0] = (syn_field){.name = "left", .node = e};
    n->fields[1] = (syn_field){.name = "op", .node = new_node(m, (syn_kind)(SYN_Add + (int)(v / 5 % 13)), "Operator", e->span, 0)};
    n->fields[2] = (syn_field){.name = "right", .node = b};
    return n;
  case 3:
    n = new_node(m, SYN_IfExp, "IfExp", e->span, 3);
    n->fields[0] = (syn_field){.name = "test", .node = b};
    n->fields[1] = (syn_field){.name = "body", .node = e};
    n->fields[2] = (syn_field){.name = "orelse", .node = b};
    return n;
  default:
    n = new_node(m, SYN_UnaryOp, "UnaryOp", e->span, 2);
    n->fields[0] = (syn_field){.name = "op", .node = new_node(m, (syn_kind)(SYN_Invert + (int)(v / 5 % 4)), "Operator", e->span, 0)};
    n->fields[1] = (syn_field){.name = "operand", .node = e};
    return n;
  }
}

static void list_insert(syn_field *f, size_t at, syn_node *n) {
  memmove(&f->items[at + 1], &f->items[at], (f->n - at) * sizeof *f->items);
  f->items[at] = n;
  f->n++;
}

static void edit(arena *m, slots *s, const slots *fresh, const uint8_t *e) {
  if (!s->n || !fresh->n)
    return;
  unsigned where = e[1] | (unsigned)e[2] << 8, with = e[3] | (unsigned)e[4] << 8;
  slot *a = &s->at[where % s->n];
  syn_node *n = *a->node, *other = *fresh->at[with % fresh->n].node;
  if (!n || (a->list && (a->at >= a->list->n || a->node != &a->list->items[a->at])))
    return;
  bool is_own = n == a->first;   /* else it is the seed's or new */
  switch (e[0] % 10) {
  case 0: case 1:
    for (size_t i = 0; i < fresh->n && !may_stand_for(n, other); i++)   /* the next that fits */
      other = *fresh->at[(with + i) % fresh->n].node;
    if (may_stand_for(n, other))
      *a->node = other;
    return;
  case 2:
    if (a->list && a->list->n > (is_statement(n) ? 1u : 0u) && !text_eq(a->list->name, "ops") && !text_eq(a->list->name, "comparators")) {
      memmove(&a->list->items[a->at], &a->list->items[a->at + 1], (a->list->n - a->at - 1) * sizeof *a->list->items);
      a->list->n--;
    }
    return;
  case 3:
    if (a->list && may_stand_for(n, other) && !text_eq(a->list->name, "ops") && !text_eq(a->list->name, "comparators") && !has_own_kind(n))
      list_insert(a->list, with % 2 ? a->at : a->list->n, other);
    return;
  case 4:
    if (is_own && n->kind == SYN_Constant)
      change_constant(m, n, with);
    else if (is_own)
      change_name(n, with);
    return;
  case 5:
    if (is_operator(n)) {
      syn_node *op = new_node(m, (syn_kind)(SYN_And + (int)(with % (SYN_NotIn - SYN_And + 1))), "Operator", n->span, 0);
      bool logical = n->kind <= SYN_Or, unary = n->kind >= SYN_Invert && n->kind <= SYN_USub, compare = n->kind >= SYN_Eq;
      bool fits = logical ? op->kind <= SYN_Or : unary ? op->kind >= SYN_Invert && op->kind <= SYN_USub : compare ? op->kind >= SYN_Eq : op->kind >= SYN_Add && op->kind <= SYN_FloorDiv;
      if (fits)
        *a->node = op;
    } else if (is_own) {
      change_name(n, with);
    }
    return;
  case 6: case 7:
    if (!is_statement(n) && !is_operator(n) && !has_own_kind(n) && !is_statement(other) && !is_operator(other) && !has_own_kind(other))
      *a->node = wrapped(m, n, other, with);
    return;
  case 8: {
    syn_field *f = field(n, with % 2 ? "keywords" : "args");
    if (is_own && n->kind == SYN_Call && f && f->is_list && with % 2) {
      syn_node *k = new_node(m, SYN_keyword, "keyword", n->span, 2);
      k->fields[0] = (syn_field){.name = "arg", .ident = with % 3 ? words[with % n_words] : "dim"};
      k->fields[1] = (syn_field){.name = "value", .node = is_statement(other) || is_operator(other) || has_own_kind(other) ? name_node(m, "x", n->span) : other};
      list_insert(f, f->n, k);
    }
    return;
  }
  default:
    if (n->kind == SYN_Name || n->kind == SYN_Attribute)
      *a->node = name_node(m, words[with % n_words], n->span);
    return;
  }
}

static void read_words(void) {
  static const char *const more[] = {"x", "y", "out", "acc", "tile_m", "tile_n", "m", "n", "range", "len", "min", "max", "int", "float", "tuple", "list", "None", "self", "torch", "hl", "helion", "T", "begin", "end", "index", "id", "block_size", "shape", "dtype", "device"};
  for (size_t i = 0; i < sizeof more / sizeof *more; i++)
    words[n_words++] = more[i];
  const char *table = helion_language_tables(&lasting.mem);
  for (const char *s = strchr(table, '`'); s && n_words < WORDS_MAX; s = strchr(s, '`')) {
    const char *end = strchr(++s, '`');
    if (!end)
      return;
    words[n_words++] = arena_strndup(&lasting.mem, s, (size_t)(end - s));
    s = end + 1;
  }
}

static int by_name(const void *a, const void *b) { return strcmp(((const seed *)a)->name, ((const seed *)b)->name); }

static void read_seeds(void) {
  const char *folder = getenv("LOOM_FUZZ_SEEDS") ? getenv("LOOM_FUZZ_SEEDS") : LOOM_SOURCE_DIR "/tests/fuzz/seeds";
  DIR *d = opendir(folder);
  loom_ctx_init(&lasting);
  read_words();
  for (struct dirent *e; d && (e = readdir(d)) && n_seeds < SEEDS_MAX;) {
    char *source;
    size_t size;
    syn_node *tree;
    if (!text_ends(e->d_name, ".py"))
      continue;
    const char *path = arena_printf(&lasting.mem, "%s/%s", folder, e->d_name);
    if (file_read(&lasting, path, FUZZ_BYTES_MAX, &source, &size) == LOOM_OK && python_parse(&lasting, path, source, size, &tree) == LOOM_OK) {
      seeds[n_seeds] = (seed){tree, {ARENA_NEW_N(&lasting.mem, slot, SLOTS_MAX), 0}, fuzz_options(&lasting.mem, source, size), arena_strdup(&lasting.mem, e->d_name)};
      collect(tree, &seeds[n_seeds++].all);
    }
  }
  if (d)
    closedir(d);
  if (!n_seeds) {
    fprintf(stderr, "fuzz: no seeds in %s\n", folder);
    exit(1);
  }
  qsort(seeds, (size_t)n_seeds, sizeof *seeds, by_name);
}

/* The tree, roughly as Python: LOOM_FUZZ_SHOW=1 shows what an input became. */
static void show(const syn_node *n, int indent) {
  if (!n) {
    fprintf(stderr, "-");
    return;
  }
  if (is_statement(n))
    fprintf(stderr, "\n%d:%*s", (int)n->span.line, 2 * indent, "");
  fprintf(stderr, "%s", n->class_name);
  if (n->kind == SYN_Constant)
    fprintf(stderr, " %d %" PRId64 " %s", (int)n->const_kind, n->integer, n->string ? n->string : "");
  fprintf(stderr, n->n_fields ? "(" : " ");
  for (size_t i = 0; i < n->n_fields; i++) {
    const syn_field *f = &n->fields[i];
    if (f->ident)
      fprintf(stderr, "%s ", f->ident);
    if (f->node)
      show(f->node, indent + 1);
    for (size_t k = 0; f->is_list && k < f->n; k++)
      show(f->items[k], indent + 1);
  }
  if (n->n_fields)
    fprintf(stderr, ")");
}

void fuzz_tree(loom_ctx *ctx, const uint8_t *bytes, size_t size) {
  if (!n_seeds)
    read_seeds();
  if (size < 1)
    return;
  const seed *s = &seeds[bytes[0] % n_seeds];
  kernel_graph *k = NULL;
  syn_node *tree = copy_tree(&ctx->mem, s->tree);
  slots at = {ARENA_NEW_N(&ctx->mem, slot, s->all.n + 1), 0};
  collect(tree, &at);
  for (size_t i = 0; i < EDITS_MAX && 1 + (i + 1) * EDIT_BYTES <= size; i++)
    edit(&ctx->mem, &at, &s->all, bytes + 1 + i * EDIT_BYTES);
  if (getenv("LOOM_FUZZ_SHOW"))
    show(tree, 0);
  loom_status st = helion_read(ctx, tree, &s->options, &k);
  fuzz_check(ctx, st, k);
}
