"""Search spaces, each of which describes its points."""
