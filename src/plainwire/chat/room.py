"""What a room is besides its messages: topic, operators, who is banned or muted.

Pure: the state is the fold of the room's state events in the order of the log, so every
process that reads the log has the same.

Invariant 1: `can` is the only place that decides who may do what.
"""

from __future__ import annotations

import json

from plainwire.chat.protocol import Fault, Message, private_members
from plainwire.hub.broker import Event

STATE_KINDS = ("topic", "op", "ban", "mute", "kick")
OPERATOR_ACTIONS = ("op", "ban", "mute", "kick", "topic", "delete_any")


class Room:
    """One room's state.

    Attributes:
        topic: a line of text, empty at first.
        operators: ids of those who may do OPERATOR_ACTIONS.
        banned: ids that may not join, with the name they had.
        muted: ids that may not send, with the name they had.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.topic = ""
        self.operators: set[str] = set()
        self.banned: dict[str, str] = {}
        self.muted: dict[str, str] = {}
        self._private = private_members(name)

    def apply(self, event: Event) -> None:
        """Take one event of the log; those that are no state change nothing."""
        if event.kind not in STATE_KINDS:
            return
        body = json.loads(event.body)
        user, on = body.get("user", ""), bool(body.get("on", True))
        if event.kind == "topic":
            self.topic = body.get("text", "")
        elif event.kind == "op":
            (self.operators.add if on else self.operators.discard)(user)
        elif event.kind in ("ban", "mute"):
            table = self.banned if event.kind == "ban" else self.muted
            if on:
                table[user] = body.get("target", "")
            else:
                table.pop(user, None)

    def can(self, user: str, action: str, *, master: bool = False) -> bool:
        """Whether a user may `join`, `read`, `send`, or one of OPERATOR_ACTIONS.

        Args:
            user: their id.
            action: what they want.
            master: they are an operator of the whole server.
        """
        if self._private:
            return user in self._private and action in ("join", "read", "send")
        if master:
            return True
        if user in self.banned:
            return False
        if action == "send":
            return user not in self.muted
        if action in OPERATOR_ACTIONS:
            return user in self.operators
        return action in ("join", "read")

    def demand(self, user: str, action: str, *, master: bool = False) -> None:
        """Raise the fault that says why a user may not.

        Raises:
            Fault: `banned`, `muted`, `private` or `not_operator`.
        """
        if self.can(user, action, master=master):
            return
        if self._private:
            raise Fault("private", "this conversation belongs to two other people")
        if user in self.banned:
            raise Fault("banned", f"you are banned from {self.name}")
        if action == "send":
            raise Fault("muted", f"you are muted in {self.name}")
        raise Fault("not_operator", f"only an operator of {self.name} may do that")

    def summary(self) -> Message:
        """The state as fields of a `joined` message."""
        return {"topic": self.topic, "operators": sorted(self.operators)}
