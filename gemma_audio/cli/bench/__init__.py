"""How fast it is: `python -m gemma_audio.cli.bench` measures, prints a table and writes it."""
