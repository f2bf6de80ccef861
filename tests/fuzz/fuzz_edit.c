/* Edits of good texts word by word, the same for the same seed: what grammars of bytes take long to find.  A word is a name, a number or one sign; its
 * place is taken by another word of the texts, by a number at the edge of something, or by nothing; words and lines are said twice, left out, exchanged. */
#include "fuzz_edit.h"
#include <ctype.h>
#include <string.h>

static const char *const edges[] = {"0", "1", "-1", "2", "3", "7", "16", "64", "1000000", "2147483648", "9223372036854775807", "-9223372036854775808", "99999999999999999999", "1e400", "0.5",
                                    "nan", "inf", "\"\"", "\"x\"", "[]", "{}", "()", "null", "true", "None", "\n", " ", "x", "f32", "i64", "float16"};

static bool is_word(char c) { return isalnum((unsigned char)c) || c == '_'; }

void fuzz_split(arena *mem, const char *s, size_t n, pieces *out) {
  for (size_t i = 0; i < n;) {
    size_t from = i++;
    while (i < n && (is_word(s[from]) ? is_word(s[i]) : s[from] == ' ' && s[i] == ' '))
      i++;
    vec_push(mem, out, ((piece){s + from, i - from}));
  }
}

static size_t below(rng *r, size_t n) { return (size_t)(rng_next(r) % n); }

/* A word that is none of the signs between words, three times of four. */
static size_t place(rng *r, const pieces *p) {
  size_t at = below(r, p->n);
  for (int k = 0; k < 8 && !is_word(p->at[at].s[0]); k++)
    at = k < 6 || below(r, 4) ? below(r, p->n) : at;
  return at;
}

/* The line around a word: [from, to). */
static void line_of(const pieces *p, size_t at, size_t *from, size_t *to) {
  for (*from = at; *from > 0 && p->at[*from - 1].s[0] != '\n';)
    (*from)--;
  for (*to = at; *to < p->n && p->at[*to].s[0] != '\n';)
    (*to)++;
  *to += *to < p->n;
}

static void put(arena *mem, pieces *p, size_t at, size_t out, const piece *in, size_t n) {
  pieces made = {0};
  for (size_t i = 0; i < at; i++)
    vec_push(mem, &made, p->at[i]);
  for (size_t i = 0; i < n; i++)
    vec_push(mem, &made, in[i]);
  for (size_t i = at + out; i < p->n; i++)
    vec_push(mem, &made, p->at[i]);
  *p = made;
}

static void edit(arena *mem, rng *r, pieces *p, const pieces *all) {
  size_t at = place(r, p), other = place(r, p), from, to;
  const char *edge = edges[below(r, sizeof edges / sizeof *edges)];
  const piece was = p->at[at], number = {edge, strlen(edge)}, any = all->at[place(r, all)];
  switch (below(r, 10)) {
  case 0: put(mem, p, at, 1, NULL, 0); break;
  case 1: put(mem, p, at, 0, &was, 1); break;
  case 2: p->at[at] = p->at[other]; p->at[other] = was; break;
  case 3: p->at[at] = number; break;
  case 4: p->at[at] = p->at[other]; break;
  case 5: case 6: p->at[at] = any; break;
  case 7:
    line_of(p, at, &from, &to);
    put(mem, p, from, to - from, NULL, 0);
    break;
  case 8:
    line_of(p, at, &from, &to);
    put(mem, p, from, 0, p->at + from, to - from);
    break;
  default:   /* the same word everywhere */
    for (size_t i = 0; i < p->n; i++)
      if (p->at[i].n == was.n && memcmp(p->at[i].s, was.s, was.n) == 0)
        p->at[i] = any;
  }
}

const char *fuzz_edit(arena *mem, rng *r, const pieces *text_words, const pieces *all, size_t *out_size) {
  pieces p = {0};
  text out = text_new(mem);
  put(mem, &p, 0, 0, text_words->at, text_words->n);
  for (size_t i = 0, edits = 1 + below(r, 2) * below(r, 3); i < edits && p.n; i++)
    edit(mem, r, &p, all);
  for (size_t i = 0; i < p.n; i++)
    text_add_bytes(&out, p.at[i].s, p.at[i].n);
  *out_size = out.size;
  return text_str(&out);
}
