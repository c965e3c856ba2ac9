"""Quantized variants of a trained model."""
