"""Tests of the command line of `run` and `show`, through real processes."""
