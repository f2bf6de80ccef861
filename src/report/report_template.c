#include "report/report_template.h"
#include "base/hash.h"
#include "base/text.h"
#include <string.h>

static unsigned hex(char c) { return c <= '9' ? (unsigned)(c - '0') : (unsigned)(c - 'a') + 10; }

/* "sha256-<base64>" of a text, as a Content-Security-Policy names it. */
static const char *policy_hash(arena *m, const char *s) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  char sum[65];
  text t = text_new(m);
  hash_sha256_hex(s, strlen(s), sum);
  text_add(&t, "sha256-");
  for (int i = 0; i < 32; i += 3) {
    unsigned group = 0;
    for (int k = 0; k < 3; k++)
      group = group << 8 | (i + k < 32 ? hex(sum[2 * (i + k)]) << 4 | hex(sum[2 * (i + k) + 1]) : 0);
    for (int k = 0; k < 4; k++)
      text_add_bytes(&t, i + k <= 32 ? &digits[group >> (18 - 6 * k) & 63] : "=", 1);
  }
  return text_str(&t);
}

/* JSON has "<" in strings only, where it may be written as an escape: the block cannot end early, and no comment begins in it. */
static void add_block(text *t, const char *json) {
  for (const char *p = json; *p;) {
    size_t n = strcspn(p, "<");
    text_add_bytes(t, p, n);
    p += n;
    if (*p == '<') {
      text_add(t, "\\u003c");
      p++;
    }
  }
}

static void add_escaped(text *t, const char *s) {
  for (; *s; s++) {
    const char *entity = *s == '<' ? "&lt;" : *s == '>' ? "&gt;" : *s == '&' ? "&amp;" : *s == '"' ? "&quot;" : NULL;
    if (entity)
      text_add(t, entity);
    else
      text_add_bytes(t, s, 1);
  }
}

/* Fills the marks of page.html ("@STYLE@") in one pass, so that nothing is looked for in what was put in. */
const char *report_fill(arena *m, const report_template *page, const char *title, const char *json) {
  text t = text_new(m);
  for (const char *p = page->html; *p;) {
    size_t n = strcspn(p, "@");
    text_add_bytes(&t, p, n);
    p += n;
    if (!*p)
      break;
    size_t mark = strcspn(p + 1, "@") + 2;
    if (strncmp(p, "@TITLE@", mark) == 0)
      add_escaped(&t, title);
    else if (strncmp(p, "@SCRIPT_HASH@", mark) == 0)
      text_add(&t, policy_hash(m, page->js));
    else if (strncmp(p, "@STYLE_HASH@", mark) == 0)
      text_add(&t, policy_hash(m, page->css));
    else if (strncmp(p, "@STYLE@", mark) == 0)
      text_add(&t, page->css);
    else if (strncmp(p, "@SCRIPT@", mark) == 0)
      text_add(&t, page->js);
    else if (strncmp(p, "@DATA@", mark) == 0)
      add_block(&t, json);
    p += mark;
  }
  return text_str(&t);
}
