"""What every report is built from."""
