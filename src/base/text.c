#include "base/text.h"
#include <ctype.h>
#include <stdarg.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void text_add_bytes(text *t, const char *s, size_t n) {
  if (t->room - t->size < n + 1) {
    size_t room = t->room ? t->room * 2 : 256;
    while (room - t->size < n + 1)
      room *= 2;
    char *data = arena_alloc(t->mem, room);
    if (t->size)
      memcpy(data, t->data, t->size);
    t->data = data;
    t->room = room;
  }
  memcpy(t->data + t->size, s, n);
  t->size += n;
  t->data[t->size] = 0;
}

void text_add(text *t, const char *s) { text_add_bytes(t, s, strlen(s)); }

void text_vaddf(text *t, const char *fmt, va_list ap) {
  char small[512];
  va_list again;
  va_copy(again, ap);
  int n = vsnprintf(small, sizeof small, fmt, ap);
  if (n >= 0 && (size_t)n < sizeof small) {
    text_add_bytes(t, small, (size_t)n);
  } else if (n >= 0) {
    char *big = arena_alloc(t->mem, (size_t)n + 1);
    vsnprintf(big, (size_t)n + 1, fmt, again);
    text_add_bytes(t, big, (size_t)n);
  }
  va_end(again);
}

void text_addf(text *t, const char *fmt, ...) {
  va_list ap;
  va_start(ap, fmt);
  text_vaddf(t, fmt, ap);
  va_end(ap);
}

const char *text_str(const text *t) { return t->data ? t->data : ""; }

bool text_eq(const char *a, const char *b) { return a == b || (a && b && strcmp(a, b) == 0); }
bool text_starts(const char *s, const char *prefix) { return strncmp(s, prefix, strlen(prefix)) == 0; }

bool text_ends(const char *s, const char *suffix) {
  size_t n = strlen(s), m = strlen(suffix);
  return n >= m && strcmp(s + n - m, suffix) == 0;
}

const char *text_thousands(arena *mem, int64_t v) {
  const char *digits = arena_printf(mem, "%" PRId64, v);
  text t = text_new(mem);
  size_t n = strlen(digits);
  for (size_t i = 0; i < n; i++)
    text_addf(&t, i && (n - i) % 3 == 0 && digits[i - 1] != '-' ? ",%c" : "%c", digits[i]);
  return text_str(&t);
}

char *text_identifier(arena *mem, const char *s) {
  bool digit = isdigit((unsigned char)s[0]) || s[0] == 0;
  char *out = arena_alloc(mem, strlen(s) + 2), *p = out;
  if (digit)
    *p++ = '_';
  for (; *s; s++)
    *p++ = strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", *s) ? *s : '_';      /* whatever the locale */
  return out;
}

size_t text_utf8_length(const unsigned char *p, size_t left) {
  if (p[0] < 0x80)
    return 1;
  size_t n = p[0] >= 0xC2 && p[0] < 0xE0 ? 2 : p[0] >= 0xE0 && p[0] < 0xF0 ? 3 : p[0] >= 0xF0 && p[0] < 0xF5 ? 4 : 0;
  if (!n || left < n)
    return 0;
  for (size_t i = 1; i < n; i++)
    if ((p[i] & 0xC0) != 0x80)
      return 0;
  bool overlong = (p[0] == 0xE0 && p[1] < 0xA0) || (p[0] == 0xF0 && p[1] < 0x90);
  bool surrogate = p[0] == 0xED && p[1] >= 0xA0;
  bool too_large = p[0] == 0xF4 && p[1] >= 0x90;
  return overlong || surrogate || too_large ? 0 : n;
}

size_t text_control_length(const unsigned char *p, size_t left) {
  if (*p < 0x20 || *p == 0x7f)
    return 1;
  return left > 1 && *p == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0 ? 2 : 0;
}

void text_clean(char *s) {
  for (size_t left = strlen(s), n; left; s += n ? n : 1, left -= n ? n : 1) {
    n = text_control_length((const unsigned char *)s, left);
    memset(s, '?', n);
  }
}
