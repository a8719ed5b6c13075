"""Benchmarks as ratios: every duration is compared with something else that ran at the same time on this machine."""
