"""`python -m plainwire`: the same as the command `plainwire`."""

from plainwire.cli.main import main

if __name__ == "__main__":
    main(prog_name="plainwire")
