"""Who runs what: one cell, its stages through the content-addressed store, and the cells of a sweep side by side."""
