# Seeds of the fuzzer: relocations, scalar code, vectors in several types, transfers and the array.
.globl f
f: addi sp, sp, -32
 sd ra, 24(sp)
 call g
 la t0, table
 ld a1, 8(t0)
 la t1, cell
 sd a1, 0(t1)
 beqz a0, 1f
 mul a2, a1, a0
 div a2, a2, a1
1: fcvt.d.l fa0, a2
 fsqrt.d fa0, fa0
 fcvt.l.d a0, fa0, rtz
 ld ra, 24(sp)
 addi sp, sp, 32
 ret
.globl g
g: .option pic
 la t0, spad
 .option nopic
 vsetvli t1, zero, e32, m2, ta, ma
 vle32.v v8, (t0)
 vid.v v12
 vmseq.vi v0, v12, 3
 vadd.vx v10, v8, a0, v0.t
 vfadd.vv v8, v8, v10
 vslidedown.vi v10, v8, 2
 vrgather.vv v14, v8, v12
 vsll.vi v12, v12, 2
 vluxei32.v v16, (t0), v12
 vse32.v v14, (t0)
 vsetivli t1, 5, e8, mf2, tu, mu
 vlse8.v v4, (t0), a1
 vwadd.vv v6, v4, v4
 vsetivli t1, 4, e16, m1, ta, ma
 vfncvt.f.f.w v3, v8
 vfwmacc.vv v20, v3, v3
 vsseg2e16.v v20, (t0)
 vredsum.vs v5, v4, v4
 vs4r.v v8, (t0)
 sf.vc.v.iv 3, v9, v8, 0
 li a0, 3
 ret
.globl h
h: .option pic
 la a4, spad
 la a5, dram_0
 .option nopic
 li t0, 0x0001000100040003
 li t1, (1 << 32) | (3 << 14) | 4
 .insn r CUSTOM_1, 0x3, 0, x0, t0, t1
 li t0, 0
 li t1, (3 << 32) | 1
 .insn r CUSTOM_1, 0x3, 4, x0, t0, t1
 li t1, (1 << 32) | 4
 .insn r CUSTOM_1, 0x3, 5, x0, t0, t1
 li t0, 0x0000000000010001
 li t1, 0x0001000100030003
 .insn r CUSTOM_1, 0x3, 7, x0, t0, t1
 .insn r CUSTOM_1, 0x3, 8, x0, t0, x0
 .insn r CUSTOM_1, 0x3, 2, x0, a5, a4
 vsetivli t1, 3, e32, m1, ta, ma
 vle32.v v8, (a4)
 sf.vc.iv 1, 0, v8, 0
 sf.vc.iv 0, 0, v8, 0
 sf.vc.i 1, 0, 0, 4
 sf.vc.v.i 2, 0, v9, 0
 vse32.v v9, (a4)
 li t0, 0x0001000100040003
 li t1, (1 << 32) | (3 << 17) | (1 << 16) | (3 << 14) | 4
 .insn r CUSTOM_1, 0x3, 0, x0, t0, t1
 addi t0, a4, 200
 li t1, (1 << 16) | 1
 .insn r CUSTOM_1, 0x3, 6, x0, t0, t1
 .insn r CUSTOM_1, 0x3, 3, x0, a5, a4
 ret
.section .rodata
 .balign 8
table: .dword 11, 22, f
 .word g - f
.data
 .balign 8
cell: .dword 7
