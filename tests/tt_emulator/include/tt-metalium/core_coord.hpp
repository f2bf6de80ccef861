#pragma once
#include "tt_emulator/coords.h"
