"""Sentences for the codes of reasons and errors, in the selected language.

Pure but for the language chosen in `plainwire.i18n`. The tables are the complete list of
codes: tests hold that every code used has a sentence and every sentence is used. Sentences
are lower case without a full stop, so that one can stand alone on a line or after a colon.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from plainwire.i18n import N_
from plainwire.i18n import gettext as _

if TYPE_CHECKING:
    from collections.abc import Mapping

    from plainwire.net.model import Reason


ERRORS: Mapping[str, str] = {
    "error-not-an-address": N_("{text}: not an IPv4 or IPv6 address"),
    "error-not-a-network": N_("{text}: not an address with a prefix such as 192.168.1.7/26"),
    "error-mask": N_("{mask}: not a mask; its bits are ones first, then zeros"),
    "error-no-mask": N_("{text}: has no mask; add a prefix length such as {text}/24"),
    "error-two-families": N_("{a} and {b}: one is IPv4 and the other IPv6; they share no network"),
    "error-split": N_("{network} cannot be split into /{prefix}; choose from /{low} to /{high}"),
    "error-no-parts": N_("{network} is a single address and cannot be split"),
    "error-empty": N_("the destination is empty; name an address or a host"),
    "error-port": N_("{text}: the port must be a number from 1 to 65535"),
    "error-brackets": N_("{text}: write an IPv6 address with a port as [2001:db8::1]:443"),
    "error-protocol": N_("{text}: only tcp:// and udp:// can be asked"),
    "error-resolve": N_("{name}: name not resolved ({detail})"),
    "error-resolve-timeout": N_("{name}: the resolver gave no answer in {seconds} seconds"),
    "error-no-such-family": N_("{name}: has no {family} address"),
    "error-link-local": N_("{destination}: a link-local address needs its interface, {example}"),
    "error-zone": N_("%{zone}: no interface has this name or number"),
    "error-network": N_("{text}: is a network; name one address, or ask `plainwire path subnet`"),
    "error-zone-needless": N_("{address}: only a link-local address names its interface, %{zone}"),
    "error-unspecified": N_(
        '{destination}: means "any address" and is no destination; this machine is {own}'
    ),
    "error-tcp-group": N_("{destination}: TCP needs one receiver; a group is reached with --udp"),
    "error-no-route": N_(
        "{destination}: no route; no row of the routing table contains it ({errno})"
    ),
    "error-no-usable-row": N_(
        "{destination}: no route; the row {row} contains it but cannot be used ({errno})"
    ),
    "error-loopback-down": N_("{destination}: the loopback interface is down ({errno})"),
    "error-unreachable": N_("{destination}: unreachable, says the kernel ({errno})"),
    "error-prohibit": N_("{destination}: prohibited, says the kernel ({errno})"),
    "error-blackhole": N_("{destination}: the kernel refuses to route it ({errno})"),
    "error-route": N_("{destination}: the kernel gives no route ({errno})"),
    "error-row-refuses": N_("{destination}: the row {row} of table {table} is {type} ({errno})"),
    "error-rule-refuses": N_("{destination}: policy rule {priority} is {type} ({errno})"),
    "error-no-netlink": N_("this system has no netlink; its routing table is not read"),
    "error-netlink": N_("the kernel refuses netlink: {detail}"),
}

_ROUTE: Mapping[str, str] = {
    "name-mapped": N_("an IPv4 address written in IPv6: the socket sends IPv4 (RFC 4038)"),
    "source-own": N_("the destination is this machine, so the packet comes from the same address"),
    "source-row": N_("the winning row {row} names it as preferred source"),
    "source-near-hop": N_("the address of {interface} in the same network as the next hop {hop}"),
    "source-first": N_(
        "no address of {interface} is in the next hop's network; its first is taken"
    ),
    "source-elsewhere": N_(
        "{interface} has no address of its own; one of another interface is lent"
    ),
    "source-rfc6724": N_("the best of the interface's addresses by the rules of RFC 6724"),
    "source-connect": N_("told by connecting a UDP socket, which sends nothing"),
    "source-unknown": N_("the system does not tell"),
    "row-won-only": N_("the only row that contains the destination"),
    "row-won-longest": N_("longest prefix of the rows that contain the destination"),
    "row-won-metric": N_("same prefix as a rival, lower metric"),
    "row-won-first": N_("same prefix and metric as a rival, earlier in the kernel's order"),
    "row-lost-shorter": N_("contains it, but a longer prefix won"),
    "row-lost-metric": N_("same prefix, higher metric"),
    "row-lost-order": N_("same prefix, later in the kernel's order"),
    "row-lost-tos": N_("asks for another type of service"),
    "row-lost-dead": N_("its interface is down"),
    "row-lost-interface": N_("leaves by another interface than asked"),
    "row-lost-source": N_("asks for another source address"),
    "row-lost-suppressed": N_("suppressed: its rule takes only longer prefixes"),
    "row-lost-throw": N_("throw: sends the search on to the next rule"),
    "row-lost-later-table": N_("its table was not searched"),
    "row-lost-outside": N_("does not contain it"),
    "rule-found": N_("matched; its table has the winning row"),
    "rule-empty": N_("matched; its table has no row"),
    "rule-not-matching": N_("does not match this packet"),
    "rule-unread": N_("asks for something we cannot judge"),
    "rule-jumped": N_("matched; jumps to another rule"),
    "rule-refused": N_("matched; refuses the packet"),
    "rule-not-reached": N_("not reached"),
    "route-not-told": N_("{platform} does not tell its routing rows without privilege or parsing"),
    "route-many-hops": N_(
        "the row has {count} next hops; the kernel chooses by a hash of the flow"
    ),
    "route-asked-twice": N_(
        "connect looks it up twice: for the source, then for rules that ask for source {source}"
    ),
    "rules-unread": N_("a rule asks for something we cannot judge; the kernel's answer is shown"),
    "kernel-agrees": N_("the kernel, asked which row it matched, also says {row}"),
    "kernel-disagrees": N_("the kernel matched {row}, our match gives {ours}; the kernel is right"),
    "kernel-tells-no-row": N_("this kernel does not tell which row it matched"),
}

_BOOK: Mapping[str, str] = {
    "textbook-direct": N_("same network: ask for the MAC of {target} itself and send directly"),
    "textbook-gateway": N_("another network: ask for the MAC of the default gateway {gateway}"),
    "textbook-no-gateway": N_("another network, and no default gateway: cannot be sent"),
    "textbook-gateway-not-told": N_("another network: the default gateway (not told here)"),
    "textbook-no-address": N_("no link that is up has an {family} address: nothing to AND with"),
    "textbook-silent": N_("cannot be compared with this system's own choice"),
    "agree-direct": N_("the kernel does the same: it sends directly"),
    "agree-gateway": N_("the kernel does the same: it sends by way of {gateway}"),
    "differ-local": N_("the kernel differs: the address is its own, the packet never leaves"),
    "differ-group": N_(
        "the kernel differs: a broadcast or a group has no single receiver to ask for"
    ),
    "differ-via": N_("the kernel differs: its winning row leads by way of {gateway}"),
    "differ-on-link": N_(
        "the kernel differs: a row says that the destination is on the link itself"
    ),
    "differ-gateway": N_("the kernel differs: its winning row leads to another gateway, {gateway}"),
    "differ-interface": N_("the kernel differs: not by {textbook} but by {kernel}, to {hop}"),
}

_LINK: Mapping[str, str] = {
    "hop-local": N_("this machine: the packet turns back inside the kernel"),
    "hop-broadcast": N_("everybody on the link"),
    "hop-multicast": N_("the members of the group"),
    "hop-gateway": N_("the winning row names the gateway {gateway}; the IP destination stays"),
    "hop-gateway-other-family": N_("the row names the gateway {gateway}, of the other IP family"),
    "hop-direct": N_(
        "the winning row has no gateway: the destination is on the link of {interface}"
    ),
    "hop-point-to-point": N_("{interface} leads to one peer only; no address is asked for"),
    "hop-not-told": N_("{platform} does not tell"),
    "neighbour-local": N_("no neighbour is asked; a capture on lo shows MACs of zeros"),
    "neighbour-bare": N_("{interface} carries bare IP packets, without MACs"),
    "neighbour-noarp": N_("{interface} does not ask for neighbours"),
    "neighbour-broadcast": N_("broadcast: the MAC is all ones, nobody is asked"),
    "neighbour-multicast": N_("the MAC is computed from the group's address, nobody is asked"),
    "neighbour-not-told": N_("{platform} does not tell"),
    "neighbour-no-carrier": N_(
        "{interface} has no carrier (no cable, or the other end is down): no frame leaves"
    ),
    "neighbour-reachable": N_("{address} answered {protocol} lately"),
    "neighbour-stale": N_(
        "known from before; it is used at once, and confirmed if nothing is heard"
    ),
    "neighbour-delay": N_("used at once; the kernel waits for a sign of life before asking again"),
    "neighbour-probe": N_("used while the kernel asks {address} again"),
    "neighbour-permanent": N_("entered by hand, never asked for"),
    "neighbour-noarp-state": N_("the entry says that no {protocol} is needed"),
    "neighbour-incomplete": N_("{protocol} asked for {address}, no answer yet"),
    "neighbour-failed": N_("{protocol} asked for {address} and nobody answered"),
    "neighbour-absent": N_(
        "no entry for {address}: the first frame to leave is an {protocol} question"
    ),
    "sent-netlink": N_("asked the kernel to resolve it: only {protocol} was sent"),
    "sent-datagram": N_(
        "sent one empty UDP datagram to {address} port 9 (discard), so {protocol} ran"
    ),
    "sent-nothing": N_("nothing was sent: there is no neighbour to resolve"),
    "sent-refused": N_("nothing was sent: {detail}"),
    "port-well-known": N_(
        "{port} is a well-known port (0-1023): given out by IANA, bound by services"
    ),
    "port-registered": N_("{port} is a registered port (1024-49151)"),
    "port-dynamic": N_("{port} is a dynamic port (49152-65535), made for the calling end"),
    "port-kernel-picks": N_("inside {low}-{high}, from which this kernel picks source ports"),
    "port-listener": N_("{program} (pid {pid}) listens there"),
    "port-listener-hidden": N_("a program listens on {port}; which one is not shown to this user"),
    "port-nobody-tcp": N_("nobody listens on {port} here: the SYN will be answered with RST"),
    "port-nobody-udp": N_("nobody listens on {port} here: answered with ICMP port unreachable"),
    "size-interface": N_("MTU {mtu} of {interface}"),
    "size-row": N_("MTU {mtu} of the row {row}"),
    "size-learned": N_("MTU {mtu}, learned for this path (RFC 1191, RFC 8201) or set on it"),
    "size-not-told": N_("{platform} does not tell"),
    "frame-syn": N_("the SYN that opens the TCP connection"),
    "frame-datagram": N_("the datagram, with five bytes as an example"),
    "frame-arp": N_("first an ARP question: who has the next hop's address?"),
    "frame-ndp": N_("first a neighbour solicitation: who has the next hop's address?"),
    "scope-loopback": N_("loopback: never leaves the machine"),
    "scope-unspecified": N_("unspecified: means any address"),
    "scope-multicast": N_("multicast group"),
    "scope-link-local": N_("link-local: valid on one link only"),
    "scope-shared": N_("shared by providers (RFC 6598)"),
    "scope-private": N_("private: not routed on the Internet"),
    "scope-reserved": N_("reserved"),
    "scope-global": N_("global: routed on the Internet"),
}

REASONS: Mapping[str, str] = {**_ROUTE, **_BOOK, **_LINK}
SENTENCES: Mapping[str, str] = {**ERRORS, **REASONS}


def sentence(code: str, values: Mapping[str, str | int]) -> str:
    """Say a code in the selected language.

    Raises:
        KeyError: the code has no sentence, which is a fault of this package.
    """
    return _(SENTENCES[code]).format(**values)


def printable(text: str) -> str:
    """Escape what would break a line or command a terminal: newlines, ESC and the like."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def say(reason: Reason) -> str:
    """Say a reason in the selected language."""
    return sentence(reason.code, reason.values)
