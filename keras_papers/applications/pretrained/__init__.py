"""Weights files: published ones, paths, and their evaluation recipes."""
