"""Complete file writes, JSON and the state of a training."""
