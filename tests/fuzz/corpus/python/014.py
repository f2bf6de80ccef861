option19
"""Sok.&""

ion
imp o block.&""

itok.&""

im()
def xu