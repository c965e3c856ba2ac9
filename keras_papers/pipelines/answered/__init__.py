"""What the jobs share whose pictures have answers: masks or boxes."""
