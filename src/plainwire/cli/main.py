"""`plainwire`: the group of commands, each loaded only when it is named.

`plainwire --help` must answer in under 150 ms, so nothing here imports a command's
own dependencies; the table below holds the help line of each.
"""

from __future__ import annotations

import importlib
from typing import Any

import click

from plainwire import __version__

# name: (module and attribute, help line shown by `plainwire --help`)
COMMANDS: dict[str, tuple[str, str]] = {
    "run": ("plainwire.cli.run:run", "Run programs and see what their sockets do, line by line."),
    "show": ("plainwire.cli.show:show", "Show a recording again: report, calls, flows, JSON."),
    "explain": ("plainwire.cli.explain:explain", "Explain a finding: symptom, cause, proof, fix."),
    "path": ("plainwire.cli.path:path", "Show how this machine would send a packet."),
    "chat": ("plainwire.cli.chat:chat", "Talk with people: terminal and browser."),
    "serve": ("plainwire.cli.serve:serve", "Serve a handler at an address."),
    "talk": ("plainwire.cli.talk:talk", "Exchange messages with a server."),
}


class LazyGroup(click.Group):
    """A click group that imports a command when it is first needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Name the commands in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import and return the named command, or None if there is none."""
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands from the table, importing none of them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="plainwire")
def main(**_: Any) -> None:
    """Network programming in plain sight: see what your sockets do, line by line."""
