"""From a sweep folder to its report: collect, compare, draw, write."""
