/* The providers of a run and the rules that choose among them. */
#ifndef LOOM_RUN_PROVIDER_SET_H
#define LOOM_RUN_PROVIDER_SET_H
#include "run/provider.h"

/* The options of the command line, as given. */
typedef struct provider_options {
  const char *const *names; size_t n_names;       /* --provider, --executable_plugin: NAME or FILE.so, in order */
  const char *const *maps; size_t n_maps;         /* --kernel-map: KEY=PROVIDER or KEY=FILE.so:SYMBOL */
  const char *const *requires; size_t n_requires; /* --kernel-require: KEY */
  bool fallback;                                  /* --on-kernel-error=fallback */
  int threads;                                    /* of a call; 0: as many as the process may use */
} provider_options;
bool provider_options_any(const provider_options *o);

typedef struct provider_rule { const char *key; provider_target target; } provider_rule;
typedef struct provider_set {
  const provider_options *o;
  loom_host_v1 host;
  VEC_OF(provider *) all;                   /* loaded, in order */
  VEC_OF(provider_target) offered;          /* those of --provider: for every key */
  VEC_OF(provider_rule) rules;              /* --kernel-map */
} provider_set;
/* Loads what the options name.  LOOM_EPROVIDER: one cannot be; LOOM_EUSAGE: a map that is none.  The set is closed in any case. */
LOOM_MUST_USE loom_status provider_set_open(loom_ctx *ctx, const provider_options *o, provider_set *out);
void provider_set_close(provider_set *s);

/* Does `pattern` name `key`?  It is the key, or its part before the types ("linalg.matmul"), either with "+accumulate" or "+overwrite". */
bool provider_key_matches(const char *pattern, const char *key, uint32_t mode);
bool provider_set_requires(const provider_set *s, const char *key, uint32_t mode);
/* Who computes `call`: the last rule that names its key, else of the providers that support it the one of the highest score, the last of equals.
 * false: nobody; `why` (PROVIDER_WHY_BYTES) has the reason of each. */
bool provider_choose(const provider_set *s, const loom_kernel_call_v1 *call, provider_target *out, char *why);
/* A function by name: a rule of that name, else the last provider that has it.  `by`: whose it is. */
bool provider_set_resolve(const provider_set *s, const char *symbol, provider_function *out, provider **by);
#endif
