"""Folders of pictures, read, checked and split."""
