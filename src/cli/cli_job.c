/* Is this one of the processes of a job?  mpirun, srun and their like say so in the environment. */
#include "base/number.h"
#include "cli/cli.h"
#include <stdlib.h>

bool cli_is_in_job(void) {
  static const char *const sizes[] = {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "PMIX_RANK"};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    const char *v = getenv(sizes[i]);
    if (v && (i == 2 || number_of(v) > 1))
      return true;
  }
  return false;
}

int cli_rank_in_job(void) {
  static const char *const ranks[] = {"OMPI_COMM_WORLD_RANK", "PMI_RANK", "PMIX_RANK"};
  for (size_t i = 0; i < sizeof ranks / sizeof *ranks; i++) {
    const char *v = getenv(ranks[i]);
    if (v)
      return number_of(v) > 0 ? number_of(v) : 0;
  }
  return 0;
}

double cli_seconds_of(const char *variable, double otherwise) {
  const char *v = getenv(variable);
  char *end = NULL;
  const double seconds = v ? strtod(v, &end) : 0;
  return end && !*end && seconds > 0 ? seconds : otherwise;
}
