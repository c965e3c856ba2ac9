"""Whole-file writes, JSON and training state; imports nothing of ours."""
