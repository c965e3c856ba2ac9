"""Descriptions of networks and of model files."""
