#pragma once
#include "tt_emulator/bfloat16.h"
