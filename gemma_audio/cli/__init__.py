"""The command line: thin, and light to import, so that --help and tab completion stay fast."""
