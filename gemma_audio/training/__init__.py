"""Training a stage: one Lightning module per objective, the order of the batches, the checkpoint files."""
