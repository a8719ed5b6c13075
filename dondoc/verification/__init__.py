"""Proof: completeness, evidence, audit."""
