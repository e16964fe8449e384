"""The command line: arguments, exit codes and wiring; no logic of its own."""
