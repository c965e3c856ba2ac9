"""Detection of objects in images: boxes with classes and scores."""
