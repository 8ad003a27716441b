"""Paired comparison of scored runs: intervals, tests, multiplicity, power and shrinkage on (runs, items) matrices."""
