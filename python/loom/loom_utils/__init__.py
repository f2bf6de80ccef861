"""Upstream's place for what kernel scripts import."""
