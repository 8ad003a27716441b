"""The model: loading it, the names of its parts, its adapters and what a stage changed in it."""
