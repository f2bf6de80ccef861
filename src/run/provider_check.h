/* The conformance suite of kernel providers: what every one that computes matrix products must do, as a table of cases with exact or bounded
 * answers.  `loom providers check` and the unit tests run the same. */
#ifndef LOOM_RUN_PROVIDER_CHECK_H
#define LOOM_RUN_PROVIDER_CHECK_H
#include "run/provider.h"

typedef enum check_verdict { CHECK_OK, CHECK_SKIPPED, CHECK_FAILED } check_verdict;
typedef struct check_result { check_verdict verdict; char said[PROVIDER_WHY_BYTES]; /* why it was skipped, or what is wrong */ } check_result;

size_t provider_check_count(void);
const char *provider_check_name(size_t i);
/* Runs case i.  Memory after the last element of every operand cannot be touched: a provider that does so ends the process. */
void provider_check_run(const provider_target *t, const loom_host_v1 *host, size_t i, check_result *out);
#endif
