"""Functions and data that the tests of several folders share."""
