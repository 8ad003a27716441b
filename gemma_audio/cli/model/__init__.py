"""`gemma-audio-model`: what to publish of a trained model."""
