// What host programs and kernels share: data formats, indices of circular buffers, constants of a tile.
#pragma once
#include <cstddef>
#include <cstdint>

namespace tt {

enum class DataFormat : uint8_t {
  Float32 = 0, Float16 = 1, Bfp8 = 2, Bfp4 = 3, Tf32 = 4, Float16_b = 5, Bfp8_b = 6, Bfp4_b = 7, Int32 = 8, UInt16 = 9, Lf8 = 10,
  Bfp2 = 11, Int8 = 14, Bfp2_b = 15, UInt32 = 24, Fp8_e4m3 = 26, UInt8 = 30, RawUInt8 = 0xf0, RawUInt16 = 0xf1, RawUInt32 = 0xf2, Invalid = 0xff
};

enum CBIndex : uint8_t {
  c_0 = 0, c_1, c_2, c_3, c_4, c_5, c_6, c_7, c_8, c_9, c_10, c_11, c_12, c_13, c_14, c_15,
  c_16, c_17, c_18, c_19, c_20, c_21, c_22, c_23, c_24, c_25, c_26, c_27, c_28, c_29, c_30, c_31, SIZE = 32
};

enum CB : uint8_t {   // names of before CBIndex
  c_in0 = 0, c_in1, c_in2, c_in3, c_in4, c_in5, c_in6, c_in7, dataflow0, dataflow1, dataflow2, dataflow3, dataflow4, dataflow5, dataflow6, dataflow7,
  c_out0 = 16, c_out1, c_out2, c_out3, c_out4, c_out5, c_out6, c_out7, c_intermed0 = 24, c_intermed1, c_intermed2, c_intermed3, c_intermed4,
  c_intermed5, c_intermed6, c_intermed7
};

// Bytes of an element, of a 32x32 tile.  Block floats: an exponent for 16 values.
constexpr uint32_t datum_size(DataFormat f) {
  switch (f) {
    case DataFormat::Float32: case DataFormat::Int32: case DataFormat::UInt32: case DataFormat::RawUInt32: case DataFormat::Tf32: return 4;
    case DataFormat::Float16: case DataFormat::Float16_b: case DataFormat::UInt16: case DataFormat::RawUInt16: return 2;
    default: return 1;
  }
}
constexpr uint32_t tile_size(DataFormat f) {
  switch (f) {
    case DataFormat::Bfp8: case DataFormat::Bfp8_b: return 1024 + 64;
    case DataFormat::Bfp4: case DataFormat::Bfp4_b: return 512 + 64;
    case DataFormat::Bfp2: case DataFormat::Bfp2_b: return 256 + 64;
    default: return 1024 * datum_size(f);
  }
}

namespace constants {
constexpr uint32_t TILE_HEIGHT = 32, TILE_WIDTH = 32, TILE_HW = 1024, FACE_HEIGHT = 16, FACE_WIDTH = 16, FACE_HW = 256;
}
}  // namespace tt

constexpr uint32_t INVALID = 0, VALID = 1;
constexpr uint32_t NUM_CIRCULAR_BUFFERS = 32;
