"""`python -m gemma_audio` is the same as `gemma-audio`."""

import sys

from gemma_audio.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
