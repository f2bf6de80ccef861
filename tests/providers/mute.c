/* A library that exports nothing. */
__attribute__((visibility("hidden"))) extern int kept_to_itself;
int kept_to_itself = 7;
