/* compile_dots: how products of narrow elements are made on the machine `host`. */
#ifndef LOOM_COMPILE_DOTS_H
#define LOOM_COMPILE_DOTS_H
#include "compile_exec.h"

/* The fastest by the rates of the machine's file that the running CPU and its system have.  Code is other code for each: what keeps code keeps them too. */
cpu_dots compile_dots(const compile_state *s);
#endif
