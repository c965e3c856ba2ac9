"""The command `keras-papers`."""
