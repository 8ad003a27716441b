"""Benchmarks, the methods that answer them, the rules that score them: one identical pipeline for every arm."""
