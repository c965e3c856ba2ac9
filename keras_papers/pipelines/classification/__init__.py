"""Image classification, from a folder of pictures to a phone."""
