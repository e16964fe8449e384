"""What can go wrong when a path is asked for; each has one line and a code.

    PathError            base: the question has no answer; the command ends with status 2
      AddressTextError   the text is no address, network, name or port
      ResolveError       the name has no address, or not within the time limit
      RouteError         the kernel would refuse to send; carries its errno
      KernelError        the facts could not be read from this system

The text of an error is `code` looked up in `words`; it holds data, never a sentence.
"""

from __future__ import annotations

from collections.abc import Mapping


class PathError(Exception):
    """Base of the errors here: a code of `words.ERRORS` and the values of its sentence."""

    def __init__(self, code: str, **values: str | int) -> None:
        self.code = code
        self.values: Mapping[str, str | int] = values
        super().__init__(code, values)

    def __str__(self) -> str:
        """Say the sentence in the selected language."""
        from plainwire.net import words

        return words.printable(words.sentence(self.code, self.values))


class AddressTextError(PathError):
    """The caller's text is no address, network, name or port."""


class ResolveError(PathError):
    """A name has no address, or the resolver did not answer in time."""


class RouteError(PathError):
    """The kernel has no way to the destination, or a row forbids it."""


class KernelError(PathError):
    """This system does not tell, or forbids asking."""
