"""Rows and rules written as iproute2 does, for the terminal and the page alike.

Pure. Rules: ip-route(8), ip-rule(8); prefixes always with their length.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from plainwire.net.model import TABLE_NAMES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from plainwire.net.model import Route, Rule


def rule_text(rule: Rule) -> str:
    """Write a rule as ip-rule(8) does."""
    words = ["not"] if rule.invert else []
    words += ["from", str(rule.source or "all")]
    words += ["to", str(rule.destination)] if rule.destination else []
    words += ["iif", rule.in_interface] if rule.in_interface else []
    words += ["oif", rule.out_interface] if rule.out_interface else []
    words += [f"fwmark 0x{rule.mark:x}"] if rule.mark is not None else []
    words += [f"uidrange {rule.uid_range[0]}-{rule.uid_range[1]}"] if rule.uid_range else []
    words += [f"ipproto {rule.ip_protocol}"] if rule.ip_protocol else []
    for name, ports in (("sport", rule.source_ports), ("dport", rule.destination_ports)):
        words += [f"{name} {ports[0]}-{ports[1]}"] if ports else []
    words += [*rule.unread]
    if rule.action == "table" and rule.table is not None:
        words += ["lookup", TABLE_NAMES.get(rule.table, str(rule.table))]
    else:
        words += [rule.action, *([str(rule.goto)] if rule.goto is not None else [])]
    if rule.suppress_prefix_length is not None:
        words += [f"suppress_prefixlength {rule.suppress_prefix_length}"]
    return " ".join(words)


def row_text(row: Route, names: Mapping[int, str]) -> str:
    """Write a row; the prefix stands first.

    Args:
        row: of any table.
        names: of the interfaces, by number.
    """
    words = [str(row.destination)]
    if row.type != "unicast":
        words.append(str(row.type))
    for hop in row.hops[:2]:
        words += ["via", str(hop.gateway)] if hop.gateway is not None else []
        if hop.interface is not None:
            words += ["dev", names.get(hop.interface, str(hop.interface))]
    if len(row.hops) > 2:
        words.append("…")
    if row.metric:
        words += ["metric", str(row.metric)]
    if row.tos:
        words += ["tos", f"0x{row.tos:02x}"]
    words += ["table", TABLE_NAMES.get(row.table, str(row.table))]
    return " ".join(words)
