"""`gemma-audio-eval`: score and compare any system's prediction files, and rebuild a sweep's report."""
