#pragma once
#include "tt_emulator/reduce.h"
