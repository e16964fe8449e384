"""The command line of `run` and `show`, through real processes."""
