#pragma once
#include "tt_emulator/common.h"
