"""A trained run as a standalone model: the base's own files with what training changed, and proof of what it is."""
