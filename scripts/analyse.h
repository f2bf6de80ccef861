/* What analysers that look at one file cannot know of others: diag_error returns the status it is given.  Included in front of every file but src/base/diag.c. */
#include "base/diag.h"
#define diag_error(ctx, span, status, ...) ((void)(diag_error)((ctx), (span), (status), __VA_ARGS__), (status))
