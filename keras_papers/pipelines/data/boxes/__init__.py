"""Boxes of objects in pictures, read from the files of other tools."""
