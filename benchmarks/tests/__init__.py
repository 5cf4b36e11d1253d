"""Tests of what the benchmarks print and draw."""
