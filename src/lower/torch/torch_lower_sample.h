/* Operations of lower/torch from lines of text (torch_lower_cases.h), and changes to them; included by tests only. */
#ifndef LOOM_LOWER_TORCH_LOWER_SAMPLE_H
#define LOOM_LOWER_TORCH_LOWER_SAMPLE_H
#include "base/rng.h"
#include "lower/torch/torch_lower.h"
#include "lower/torch/torch_lower_cases.h"
#include <ctype.h>
#include <string.h>

enum { SAMPLE_OPERANDS_MAX = 16, SAMPLE_RESULTS_MAX = 6, SAMPLE_ATTRIBUTES_MAX = 6, SAMPLE_WORDS_MAX = 40 };

/* An operation as words: changes of it are changes of words. */
typedef struct sample {
  const char *name;
  const char *in[SAMPLE_OPERANDS_MAX], *out[SAMPLE_RESULTS_MAX];
  int n_in, n_out, n_attributes;
  struct { const char *name, *text; } attribute[SAMPLE_ATTRIBUTES_MAX];
} sample;

/* Splits at spaces outside of brackets and quotes. */
static inline int sample_split(arena *mem, const char *s, const char *end, const char **out, int max) {
  int n = 0;
  while (s < end && n < max) {
    while (s < end && *s == ' ')
      s++;
    const char *from = s;
    for (int depth = 0; s < end && (*s != ' ' || depth); s++)
      depth += (*s == '[') - (*s == ']');
    if (s > from)
      out[n++] = arena_strndup(mem, from, (size_t)(s - from));
  }
  return n;
}

static inline sample sample_read(arena *mem, const char *line) {
  sample s = {0};
  const char *colon = strchr(line, ':'), *arrow = strstr(line, "->"), *brace = strchr(line, '{'), *end = brace ? brace : line + strlen(line);
  s.name = arena_strndup(mem, line, (size_t)(colon - line));
  s.n_in = sample_split(mem, colon + 1, arrow, s.in, SAMPLE_OPERANDS_MAX);
  s.n_out = sample_split(mem, arrow + 2, end, s.out, SAMPLE_RESULTS_MAX);
  for (const char *p = brace; p && *p && *p != '}';) {
    p += 1 + strspn(p + 1, " ");
    const char *equals = strstr(p, " = "), *stop = p + strcspn(p, ";}");
    s.attribute[s.n_attributes].name = arena_strndup(mem, p, (size_t)(equals - p));
    s.attribute[s.n_attributes++].text = arena_strndup(mem, equals + 3, (size_t)(stop - equals - 3));
    p = stop;
  }
  return s;
}

static inline bool sample_is_tensor(const char *word) {
  size_t n = strlen(word);
  return n > 1 && strspn(word, "0123456789x?") < n && !isupper((unsigned char)*word) && (isdigit((unsigned char)word[n - 1]) || word[n - 1] == 'N') && strpbrk(word, "sfiu") && !strpbrk(word, "\"[.");
}

static inline tl_type sample_type(arena *mem, const char *word) {
  static const struct { const char *word; tl_kind kind; } plain[] = {{"int", TL_INT}, {"float", TL_FLOAT}, {"bool", TL_BOOL}};
  for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
    if (text_eq(word, plain[i].word))
      return (tl_type){.kind = plain[i].kind};
  return sample_is_tensor(word) ? tl_type_parse(arena_printf(mem, "tensor<%s>", word)) : (tl_type){.kind = TL_OTHER};
}

/* Values that have a place in the text get the next name: %a0, %a1, .. */
static inline const tl_value *sample_value(arena *mem, const char *word, int *names) {
  tl_value *v = ARENA_NEW(mem, tl_value);
  *v = (tl_value){.type = {.kind = TL_NONE}};
  bool is_negative = *word == '-';
  if (*word == '[') {
    const char *items[SAMPLE_WORDS_MAX];
    int n = sample_split(mem, word + 1, word + strlen(word) - 1, items, SAMPLE_WORDS_MAX);
    const tl_value **at = ARENA_NEW_N(mem, const tl_value *, n + 1);
    for (int i = 0; i < n; i++)
      at[i] = sample_value(mem, items[i], names);
    *v = (tl_value){.type = {.kind = TL_LIST}, .items = at, .n_items = n};
  } else if (*word == '"') {
    *v = (tl_value){.type = {.kind = TL_STR}, .is_known = true, .s = arena_strndup(mem, word + 1, strlen(word) - 2)};
  } else if (text_eq(word, "true") || text_eq(word, "false")) {
    *v = (tl_value){.type = {.kind = TL_BOOL}, .is_known = true, .i = *word == 't'};
  } else if (sample_type(mem, word).kind != TL_OTHER) {
    *v = (tl_value){.type = sample_type(mem, word), .name = arena_printf(mem, "%%a%d", (*names)++)};
  } else if (isdigit((unsigned char)word[is_negative])) {
    bool is_float = strchr(word, '.') != NULL;
    *v = (tl_value){.type = {.kind = is_float ? TL_FLOAT : TL_INT}, .is_known = true, .i = is_float ? 0 : strtoll(word, NULL, 10), .f = strtod(word, NULL)};
  } else if (*word == '*') {
    v->type.kind = TL_OTHER;
  } else if (text_eq(word, "str")) {
    v->type.kind = TL_STR;
  }
  return v;
}

static inline tl_op sample_op(arena *mem, const sample *s) {
  const tl_value **in = ARENA_NEW_N(mem, const tl_value *, s->n_in + 1);
  tl_type *out = ARENA_NEW_N(mem, tl_type, s->n_out + 1);
  tl_attribute *attributes = ARENA_NEW_N(mem, tl_attribute, s->n_attributes + 1);
  tl_op op = {.name = s->name, .in = in, .n_in = s->n_in, .out = out, .n_out = s->n_out, .attributes = attributes, .n_segment_ins = s->n_in};
  int names = 0;
  for (int i = 0; i < s->n_in; i++)
    in[i] = sample_value(mem, s->in[i], &names);
  for (int i = 0; i < s->n_out; i++)
    out[i] = sample_type(mem, s->out[i]);
  for (int i = 0; i < s->n_attributes; i++)
    if (text_eq(s->attribute[i].name, "segment"))
      op.n_segment_ins = (int)strtol(s->attribute[i].text, NULL, 10);
    else if (text_eq(s->attribute[i].name, "region"))
      op.region = text_starts(op.name, "tm_tensor.") ? "@region" : s->attribute[i].text;
    else
      attributes[op.n_attributes++] = (tl_attribute){s->attribute[i].name, s->attribute[i].text};
  return op;
}

static inline const char *sample_text(arena *mem, const sample *s) {
  text t = text_new(mem);
  text_addf(&t, "%s:", s->name);
  for (int i = 0; i < s->n_in; i++)
    text_addf(&t, " %s", s->in[i]);
  text_add(&t, " ->");
  for (int i = 0; i < s->n_out; i++)
    text_addf(&t, " %s", s->out[i]);
  for (int i = 0; i < s->n_attributes; i++)
    text_addf(&t, "%s%s = %s", i ? "; " : " {", s->attribute[i].name, s->attribute[i].text);
  text_add(&t, s->n_attributes ? "}" : "");
  return text_str(&t);
}

/* ---- changes ---- */
/* What a word may become, one at a time: words of every kind, and of a tensor its dims and its type, of a list its items, of a number its neighbours. */
static inline int sample_changes(arena *mem, const char *word, const char **out) {
  static const char *const any[] = {"none", "*", "3", "int", "0.5", "float", "true", "\"text\"", "[]", "[1 0]", "f32", "3xf32", "2x3xsi64"};
  static const char *const numbers[] = {"-9223372036854775808", "-9", "-1", "0", "1", "2", "7", "9223372036854775807"};
  static const char *const types[] = {"f16", "f64", "si64", "ui8", "i1", "f8E5M2"};
  static const char *const dims[] = {"?", "0", "1", "2", "7"};
  int n = 0;
  for (size_t i = 0; i < sizeof any / sizeof *any; i++)
    out[n++] = any[i];
  if (sample_is_tensor(word)) {
    size_t shape = strspn(word, "0123456789x?");
    out[n++] = arena_printf(mem, "5x%s", word);
    out[n++] = arena_printf(mem, "?x%s", word);
    out[n++] = strchr(word, 'x') ? strchr(word, 'x') + 1 : word;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
      out[n++] = arena_printf(mem, "%.*s%s", (int)shape, word, types[i]);
    out[n++] = arena_printf(mem, "1x1x1x1x1x1x1x1x%s", word + shape);
    for (size_t at = 0; at < shape && n < SAMPLE_WORDS_MAX * 2;) {
      size_t size = strspn(word + at, "0123456789?");
      for (size_t i = 0; i < sizeof dims / sizeof *dims; i++)
        out[n++] = arena_printf(mem, "%.*s%s%s", (int)at, word, dims[i], word + at + size);
      at += size + 1;
    }
  } else if (*word == '[') {
    const char *items[SAMPLE_WORDS_MAX];
    static const char *const other[] = {"-1", "100", "int", "none", "3xf32", "2xsi64", "2xi1", "1", "0"};
    int n_items = sample_split(mem, word + 1, word + strlen(word) - 1, items, SAMPLE_WORDS_MAX);
    for (int i = 0; i <= n_items; i++)
      for (size_t k = 0; k <= sizeof other / sizeof *other; k++) {
        text t = text_new(mem);
        for (int j = 0; j < n_items + (i == n_items); j++)
          if (j != i || k)
            text_addf(&t, "%s%s", t.size ? " " : "", j == i ? other[k - 1] : items[j]);
        if (n < SAMPLE_WORDS_MAX * 4)
          out[n++] = arena_printf(mem, "[%s]", text_str(&t));
      }
    out[n++] = "[1 1 1 1 1 1 1 1 1]";
  } else if (isdigit((unsigned char)word[*word == '-'])) {
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
      out[n++] = numbers[i];
  }
  return n;
}
enum { SAMPLE_CHANGES_MAX = SAMPLE_WORDS_MAX * 4 + 40 };

typedef void sample_visit(void *data, const sample *s);

/* All of one word changed, taken out or put in, everything of unknown sizes, and attributes changed. */
static inline void sample_each_change(arena *mem, const sample *s, sample_visit *visit, void *data) {
  const char *changed[SAMPLE_CHANGES_MAX];
  static const char *const texts[] = {"", "[]", "[9]", "[-1, 0]", "[0, 0]", "[0, 1, 0, 1, 0, 1, 0, 1, 0]", "[0, 1] x [1, 0]", "[[0:2:1:1]]", "[2:1, 0:9]", "7 : i64", "NE TOTALORDER", "@f"};
  sample c;
  for (int side = 0; side < 2; side++) {
    int n_words = side ? s->n_out : s->n_in;
    for (int i = 0; i < n_words; i++) {
      int n = sample_changes(mem, side ? s->out[i] : s->in[i], changed);
      for (int k = 0; k < n; k++) {
        c = *s;
        (side ? c.out : c.in)[i] = changed[k];
        visit(data, &c);
      }
    }
    for (int n = 0; n < n_words; n++) {
      c = *s;
      *(side ? &c.n_out : &c.n_in) = n;
      visit(data, &c);
    }
    if (n_words < (side ? SAMPLE_RESULTS_MAX : SAMPLE_OPERANDS_MAX)) {
      c = *s;
      (side ? c.out : c.in)[(*(side ? &c.n_out : &c.n_in))++] = "3xf32";
      visit(data, &c);
    }
  }
  for (int i = 0; i < s->n_attributes; i++) {
    for (size_t k = 0; k < sizeof texts / sizeof *texts; k++) {
      c = *s;
      c.attribute[i].text = texts[k];
      visit(data, &c);
    }
    c = *s;
    c.attribute[i] = c.attribute[--c.n_attributes];
    visit(data, &c);
  }
  for (int what = 1; what < 4; what++) {   /* dims of operands, of results, of both are unknown */
    c = *s;
    for (int side = 0; side < 2; side++)
      for (int i = 0; i < (side ? c.n_out : c.n_in) && (what >> side & 1); i++) {
        const char **word = &(side ? c.out : c.in)[i];
        char *w = arena_strndup(mem, *word, strlen(*word)), *to = w;
        for (const char *p = *word; *p; p++)
          if (!sample_is_tensor(*word) || !isdigit((unsigned char)*p) || !p[strspn(p, "0123456789")] || p[strspn(p, "0123456789")] != 'x' || (p > *word && strspn(*word, "0123456789x?") <= (size_t)(p - *word)))
            *to++ = *p;
          else if (!isdigit((unsigned char)p[1]))
            *to++ = '?';
        *to = '\0';
        *word = w;
      }
    visit(data, &c);
  }
}
#endif
