#include "frontend/mlir_text/mlir_scan.h"
#include "base/hash.h"
#include "base/vec.h"
#include <string.h>

/* ---- dialects ---- */

static const struct { const char *name, *readers; } dialects[] = {
#define X(name, readers) {#name, readers},
    MLIR_DIALECT_LIST(X)
#undef X
};

bool mlir_scan_is_read(mlir_reader reader, const char *name, size_t size) {
  static const char letters[] = {[MLIR_READS_PROGRAMS] = 'P', [MLIR_READS_STAGES] = 'S', [MLIR_READS_PATTERNS] = 'R'};
  const char *dot = memchr(name, '.', size);
  size_t n = dot ? (size_t)(dot - name) : size;
  if (reader == MLIR_READS_OWN)
    return true;
  for (size_t i = 0; i < sizeof dialects / sizeof *dialects; i++)
    if (strlen(dialects[i].name) == n && memcmp(dialects[i].name, name, n) == 0)
      return strchr(dialects[i].readers, letters[reader]) || !strchr(dialects[i].readers, '!');
  return true;
}

loom_status mlir_scan_refuse(loom_ctx *ctx, loom_span at, const char *what, const char *name, size_t size) {
  diag_error(ctx, at, LOOM_EINPUT, "%s '%.*s' is of a dialect that is not read from files", what, (int)size, name);
  diag_help(ctx, "it could reach outside of a program: assembly, pointers, code that rewrites code (docs/limits.md)");
  return LOOM_EINPUT;
}

/* ---- aliases: what each stands for, written out ---- */

typedef struct alias { const char *at; size_t size; int64_t tokens; int depth; } alias;

enum { REFUSALS_MAX = 64 };
typedef struct scanner {
  mlir_cursor c;
  mlir_token before;                    /* the last token */
  mlir_reader reader;
  loom_status refused;                  /* of dialects; all of them are of interest */
  int refusals;
  char open[MLIR_TEXT_DEPTH_MAX];       /* the brackets we are inside */
  int depth;
  int64_t tokens, operations;
  int operators;                        /* since the last comma or the like */
  int64_t elements;                     /* of the dense literal we are in */
  int dense_depth;                      /* of its bracket; 0: none */
  VEC_OF(alias) aliases;
  uint32_t *slots;                      /* hash table over `aliases`: index + 1; a power of two, at most half full */
  size_t n_slots;
  size_t defining;                      /* index + 1 of the alias whose definition this is */
  int64_t defined_from;                 /* tokens before it */
  int deepest;                          /* depth reached since then, aliases counted */
} scanner;

static loom_span here(const scanner *s) { return mlir_text_span(&s->c, &s->c.token); }

#define FAIL_LIMIT(s, help, ...)                                  \
  do {                                                            \
    diag_error((s)->c.ctx, here(s), LOOM_ELIMIT, __VA_ARGS__);    \
    diag_help((s)->c.ctx, "%s", (help));                          \
    return LOOM_ELIMIT;                                           \
  } while (0)

static uint32_t *slot_of(const scanner *s, const char *at, size_t size) {
  for (size_t i = (size_t)hash_table(0, at, size) & (s->n_slots - 1);; i = (i + 1) & (s->n_slots - 1)) {
    uint32_t *slot = &s->slots[i];
    if (!*slot || (s->aliases.at[*slot - 1].size == size && memcmp(s->aliases.at[*slot - 1].at, at, size) == 0))
      return slot;
  }
}

static void grow_slots(scanner *s) {
  s->n_slots = s->n_slots ? 2 * s->n_slots : 64;
  s->slots = ARENA_NEW_N(&s->c.ctx->mem, uint32_t, s->n_slots);
  for (size_t i = 0; i < s->aliases.n; i++)
    *slot_of(s, s->aliases.at[i].at, s->aliases.at[i].size) = (uint32_t)i + 1;
}

static void end_definition(scanner *s) {
  if (!s->defining)
    return;
  s->aliases.at[s->defining - 1].tokens = s->tokens - s->defined_from;
  s->aliases.at[s->defining - 1].depth = s->deepest;
  s->defining = 0;
}

/* `#a =` or `!a =` at the top: from here to the next definition or operation it is what the alias stands for.  A name that is defined again
 * is MLIR's to refuse. */
static loom_status begin_definition(scanner *s) {
  const mlir_token t = s->c.token;
  end_definition(s);
  if (s->aliases.n == MLIR_SCAN_ALIASES_MAX)
    FAIL_LIMIT(s, "write some of them where they are used", "the text has more than %d aliases", MLIR_SCAN_ALIASES_MAX);
  if (2 * (s->aliases.n + 1) > s->n_slots)
    grow_slots(s);
  uint32_t *slot = slot_of(s, t.at, t.size);
  if (!*slot) {
    vec_push(&s->c.ctx->mem, &s->aliases, ((alias){.at = t.at, .size = t.size}));
    *slot = (uint32_t)s->aliases.n;
  }
  s->defining = *slot;
  s->defined_from = s->tokens;
  s->deepest = 0;
  return LOOM_OK;
}

static loom_status check_depth(scanner *s, int depth) {
  if (depth > s->deepest)
    s->deepest = depth;
  if (depth > MLIR_TEXT_DEPTH_MAX)
    FAIL_LIMIT(s, "split the nested part; MLIR from a compiler rarely nests deeper than 20", "brackets are nested deeper than %d", MLIR_TEXT_DEPTH_MAX);
  return LOOM_OK;
}

static loom_status check_tokens(scanner *s) {
  if (s->tokens > MLIR_SCAN_TOKENS_MAX)
    FAIL_LIMIT(s, "split the module; aliases count as what they stand for", "written out, the text has more than %d tokens", MLIR_SCAN_TOKENS_MAX);
  return LOOM_OK;
}

static loom_status use_alias(scanner *s) {
  const mlir_token *t = &s->c.token;
  uint32_t *slot = s->n_slots ? slot_of(s, t->at, t->size) : NULL;
  if (!slot || !*slot)
    return LOOM_OK;
  s->tokens += s->aliases.at[*slot - 1].tokens;
  LOOM_TRY(check_tokens(s));
  return check_depth(s, s->depth + s->aliases.at[*slot - 1].depth);
}

/* ---- brackets ---- */

static loom_status open_bracket(scanner *s, char c) {
  LOOM_TRY(check_depth(s, s->depth + 1));
  s->open[s->depth++] = c;
  return LOOM_OK;
}

/* '<' may be a comparison, so a closing bracket also closes every '<' opened inside; unbalanced text is left to MLIR's messages. */
static void close_bracket(scanner *s, char c) {
  char open = c == ')' ? '(' : c == ']' ? '[' : c == '}' ? '{' : '<';
  int d = s->depth;
  while (d > 0 && s->open[d - 1] != open && s->open[d - 1] == '<')
    d--;
  if (d > 0 && s->open[d - 1] == open)
    s->depth = d - 1;
  if (s->depth < s->dense_depth)
    s->dense_depth = 0;
}

/* ---- tokens ---- */

static bool was(const mlir_token *t, const char *spelled) { return mlir_text_is(t, spelled); }

static mlir_token ahead(const scanner *s) {
  mlir_cursor c = s->c;
  mlir_text_next(&c);
  return c.token;
}

/* After the word iterator_types: `= ["parallel", ...]` or `= [#linalg.iterator_type<...>]`.  MLIR 22 aborts on anything else in the list. */
static loom_status check_iterator_types(const scanner *s) {
  mlir_cursor c = s->c;
  mlir_text_next(&c);
  if (!mlir_text_accept(&c, "=") || !mlir_text_accept(&c, "["))
    return LOOM_OK;
  for (int angles = 0; c.token.kind != MLIR_TOKEN_END && (angles > 0 || !mlir_text_at(&c, "]")); mlir_text_next(&c)) {
    angles += mlir_text_at(&c, "<") - (mlir_text_at(&c, ">") && angles > 0);
    bool is_inside = angles > 0 || mlir_text_at(&c, ">") || mlir_text_at(&c, ",");
    if (!is_inside && c.token.kind != MLIR_TOKEN_STRING && c.token.kind != MLIR_TOKEN_ATTRIBUTE)
      LOOM_FAIL(c.ctx, mlir_text_span(&c, &c.token), LOOM_EINPUT, "iterator_types holds something that is not a string; expected \"parallel\" or \"reduction\"");
  }
  return LOOM_OK;
}

/* Does a word with a dot name an operation?  Keys of dictionaries, and units in them, look the same: those stand behind '{' or ',' and in front of
 * '=', ',' or '}'.  What this takes for a key and is none is met by the walk behind the parser. */
static bool is_key(const scanner *s) {
  if (!was(&s->before, "{") && !was(&s->before, ","))
    return false;
  mlir_cursor c = s->c;
  mlir_text_next(&c);
  if (mlir_text_accept(&c, ":"))      /* of a resource, whose bytes follow as a string */
    return c.token.kind == MLIR_TOKEN_STRING;
  return mlir_text_at(&c, "=") || mlir_text_at(&c, ",") || mlir_text_at(&c, "}");
}

static loom_status count_operation(scanner *s) {
  if (s->depth == 0)
    end_definition(s);
  if (++s->operations > MLIR_SCAN_OPERATIONS_MAX)
    FAIL_LIMIT(s, "split the module", "the text has more than %d operations", MLIR_SCAN_OPERATIONS_MAX);
  return LOOM_OK;
}

static loom_status check_name(scanner *s, const char *what, size_t skip, size_t size) {
  const char *name = s->c.token.at + skip;
  if (mlir_scan_is_read(s->reader, name, size))
    return LOOM_OK;
  s->refused = mlir_scan_refuse(s->c.ctx, here(s), what, name, size);
  return ++s->refusals < REFUSALS_MAX ? LOOM_OK : s->refused;
}

static loom_status check_word(scanner *s) {
  const mlir_token *t = &s->c.token;
  if (was(t, "iterator_types"))
    return check_iterator_types(s);
  if (s->depth == 0 && t->line != s->before.line && !was(&s->before, "=") && !was(&s->before, ":") && !was(&s->before, "->"))
    end_definition(s);     /* "module" and the like */
  if (was(t, "floordiv") || was(t, "ceildiv") || was(t, "mod"))
    s->operators++;
  if (!memchr(t->at, '.', t->size) || is_key(s))
    return LOOM_OK;
  LOOM_TRY(count_operation(s));
  return check_name(s, "operation", 0, t->size);
}

/* "a.b"( is an operation, unless it is an operand of something (pdl.operation "a.b"(..), loc("a"(..))); its name is taken as it stands, so that none hides behind "\6C". */
static loom_status check_string(scanner *s) {
  const mlir_token *t = &s->c.token;
  mlir_token next = ahead(s);
  bool is_value = (s->before.kind == MLIR_TOKEN_WORD && s->before.line == t->line) || was(&s->before, "(") || was(&s->before, ",") || was(&s->before, "<") || was(&s->before, "[");
  if (!was(&next, "(") || is_value || t->size < 2)
    return LOOM_OK;
  LOOM_TRY(count_operation(s));
  if (memchr(t->at, '\\', t->size))
    LOOM_FAIL(s->c.ctx, here(s), LOOM_EINPUT, "the name of an operation holds an escape");
  return check_name(s, "operation", 1, t->size - 2);
}

/* #a or !a: an alias, or "#dialect.x", "#dialect<..>" of a dialect. */
static loom_status check_marked(scanner *s) {
  const mlir_token *t = &s->c.token;
  const char *what = t->kind == MLIR_TOKEN_TYPE ? "type" : "attribute";
  mlir_token next = ahead(s);
  if (s->depth == 0 && was(&next, "=") && !memchr(t->at, '.', t->size))
    return begin_definition(s);
  if (memchr(t->at, '.', t->size) || was(&next, "<"))
    return check_name(s, what, 1, t->size - 1);
  return use_alias(s);
}

static loom_status check_punctuation(scanner *s) {
  const mlir_token *t = &s->c.token;
  char c = *t->at;
  if (t->size > 1)
    return LOOM_OK;
  switch (c) {
  case '(':
  case '[':
  case '{':
  case '<':
    LOOM_TRY(open_bracket(s, c));
    if (c == '<' && was(&s->before, "dense")) {
      s->dense_depth = s->depth;
      s->elements = 0;
    }
    break;
  case ')':
  case ']':
  case '}':
  case '>': close_bracket(s, c); break;
  case '+':
  case '-':
  case '*': s->operators++; break;
  default: break;
  }
  if (strchr(",={}[]:", c))
    s->operators = 0;
  if (s->operators > MLIR_SCAN_OPERATORS_MAX)
    FAIL_LIMIT(s, "split the expression", "an expression has more than %d operators", MLIR_SCAN_OPERATORS_MAX);
  return LOOM_OK;
}

static loom_status check_size(scanner *s) {
  const mlir_token *t = &s->c.token;
  if (t->size > MLIR_SCAN_NAME_MAX && t->kind != MLIR_TOKEN_STRING && t->kind != MLIR_TOKEN_INTEGER)
    FAIL_LIMIT(s, "shorten it", "a name of %zu bytes; at most %d are read", t->size, MLIR_SCAN_NAME_MAX);
  if (t->size > MLIR_SCAN_NAME_MAX && t->kind == MLIR_TOKEN_INTEGER && !was(&s->before, "<"))   /* dense<0x..> is a literal of bytes */
    FAIL_LIMIT(s, "shorten it", "a number of %zu digits; at most %d are read", t->size, MLIR_SCAN_NAME_MAX);
  if (s->dense_depth && (t->kind == MLIR_TOKEN_INTEGER || t->kind == MLIR_TOKEN_FLOAT || t->kind == MLIR_TOKEN_WORD) && ++s->elements > MLIR_SCAN_ELEMENTS_MAX)
    FAIL_LIMIT(s, "give large constants as files (docs/networks.md)", "a dense literal has more than %d elements", MLIR_SCAN_ELEMENTS_MAX);
  s->tokens++;
  return check_tokens(s);
}

static loom_status check_token(scanner *s) {
  LOOM_TRY(check_size(s));
  switch (s->c.token.kind) {
  case MLIR_TOKEN_WORD: return check_word(s);
  case MLIR_TOKEN_STRING: return check_string(s);
  case MLIR_TOKEN_TYPE:
  case MLIR_TOKEN_ATTRIBUTE: return check_marked(s);
  case MLIR_TOKEN_PUNCTUATION: return check_punctuation(s);
  default: return LOOM_OK;
  }
}

/* Bytes that no text has: told by name, before a token is looked at. */
static loom_status check_bytes(loom_ctx *ctx, const diag_source *shown, const char *bytes, size_t size) {
  static const char magic[] = "ML\xefR";
  loom_span at = {.source = shown, .line = 1, .col = 1, .end_line = 1, .end_col = 2};
  if (size >= sizeof magic - 1 && memcmp(bytes, magic, sizeof magic - 1) == 0) {
    diag_error(ctx, at, LOOM_EINPUT, "this is MLIR bytecode (it starts with 'ML\\xEFR'); only text is read");
    diag_help(ctx, "mlir-opt writes text unless it is asked for bytecode");
    return LOOM_EINPUT;
  }
  const char *nul = size ? memchr(bytes, '\0', size) : NULL;
  if (!nul)
    return LOOM_OK;
  for (const char *p = bytes; p < nul; p++) {
    at.line += *p == '\n';
    at.col = *p == '\n' ? 1 : at.col + 1;
  }
  at.end_line = at.line;
  at.end_col = at.col + 1;
  LOOM_FAIL(ctx, at, LOOM_EINPUT, "the text holds a NUL byte; expected MLIR text (is this a bytecode file?)");
}

loom_status mlir_scan(loom_ctx *ctx, const diag_source *shown, const char *bytes, size_t size, mlir_reader reader) {
  scanner s = {.reader = reader};
  if (size > MLIR_TEXT_BYTES_MAX)
    LOOM_FAIL(ctx, (loom_span){.source = shown}, LOOM_ELIMIT, "the MLIR text is %zu bytes; at most %d are read", size, MLIR_TEXT_BYTES_MAX);
  LOOM_TRY(check_bytes(ctx, shown, bytes, size));
  const diag_source scanned = {.path = shown->path, .text = bytes, .size = size};
  LOOM_TRY(mlir_text_open(ctx, &scanned, &s.c));
  for (s.c.source = shown; s.c.token.kind != MLIR_TOKEN_END; mlir_text_next(&s.c)) {
    LOOM_TRY(check_token(&s));
    s.before = s.c.token;
  }
  return s.refused;
}
