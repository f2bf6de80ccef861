/* Is this one of the processes of a job?  mpirun, srun and their like say so in the environment. */
#include "cli/cli.h"
#include <stdlib.h>

bool cli_is_in_job(void) {
  static const char *const sizes[] = {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "PMIX_RANK"};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    const char *v = getenv(sizes[i]);
    if (v && (i == 2 || atoi(v) > 1))
      return true;
  }
  return false;
}

int cli_rank_in_job(void) {
  static const char *const ranks[] = {"OMPI_COMM_WORLD_RANK", "PMI_RANK", "PMIX_RANK"};
  for (size_t i = 0; i < sizeof ranks / sizeof *ranks; i++) {
    const char *v = getenv(ranks[i]);
    if (v)
      return atoi(v);
  }
  return 0;
}
