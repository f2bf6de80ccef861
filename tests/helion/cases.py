"""The forward, non-distributed kernels of Helion's examples: small, non-divisible shapes, and a formula for each."""

import cases_attention
import cases_jagged
import cases_linear
import cases_losses
import cases_matmul
import cases_rows
import cases_structured


def all_cases():
    groups = [cases_rows.elementwise, cases_rows.normalisations, cases_losses.losses, cases_matmul.matmuls, cases_matmul.float4_products, cases_attention.attentions, cases_attention.flex_attention,
              cases_structured.structured, cases_jagged.jagged, cases_matmul.float8_products]
    return [c for g in groups for c in g()] + cases_linear.all_cases()
