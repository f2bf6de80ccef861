/* tog, inside: the reader of loom.tog.v1 is two files. */
#ifndef LOOM_TOG_READ_H
#define LOOM_TOG_READ_H
#include "tog/tog.h"

typedef struct tog_reader { loom_ctx *ctx; tog *t; } tog_reader;

/* Array member `key` with lo..hi entries. */
LOOM_MUST_USE loom_status tog_read_items(tog_reader *r, const data_value *v, const char *key, int64_t lo, int64_t hi, data_value **out);
/* Boolean member `key`; *out stays as it is when there is none. */
LOOM_MUST_USE loom_status tog_read_flag(tog_reader *r, const data_value *v, const char *key, bool *out);
LOOM_MUST_USE loom_status tog_read_body(tog_reader *r, const data_value *v, int depth, tog_body *out);
#endif
