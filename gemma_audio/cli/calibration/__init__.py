"""What the statistics do where the truth is known: simulated sweeps, exact coverage, planted effects."""
