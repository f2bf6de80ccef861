"""Forward kernels that Loom refuses: inline assembly.  Each must say so.

No inputs are made: sizes are enough to reach the construct that is not supported."""

from harness import Case


def refused(file, function, shape="", args=None, words=()):
    return Case(file, function, {}, None, args, words=(["--shape", shape] if shape else []) + list(words))


def all_cases():
    heads = "=1x2x16x8"
    yield refused("blackwell_attention.py", "blackwell_attention_kernel", f"q_in{heads},k_in{heads},v_in{heads}", dict(qk_scale=0.5))
    yield refused("nvfp4_gemv.py", "_nvfp4_gemv_bf16in_triton_body", "weight_bytes=4x256,x_values=32x16,weight_scale_bytes=4096,out=4", dict(M=4, K=512))
    yield refused("nvfp4_gemv.py", "_nvfp4_gemv_fp4in_triton_body", "weight_bytes=4x256,x_bytes=256,weight_scale_bytes=4096,x_scale_bytes=4096,out=4", dict(M=4, K=512))
