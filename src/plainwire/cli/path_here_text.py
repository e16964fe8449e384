"""`plainwire path here` as text: interfaces, default gateways, listeners by program."""

from __future__ import annotations

from typing import TYPE_CHECKING

from plainwire.cli.path_layout import Page
from plainwire.i18n import gettext as _
from plainwire.net.model import LinkKind

if TYPE_CHECKING:
    from plainwire.net.ask import Here
    from plainwire.net.model import Interface, Listener


def show_here(found: Here) -> None:
    """Print this machine as its kernel sees it."""
    page = Page()
    page.title(_("this machine"), found.platform)
    for interface in found.interfaces:
        _show_interface(page, interface, known=found.complete)
    if not found.complete:
        text = _("{platform} tells no MACs, addresses, gateways and listeners without netlink")
        page.end()
        page.line((text.format(platform=found.platform), "look"))
        return
    page.end()
    page.blank()
    _show_gateways(page, found)
    page.blank()
    _show_listeners(page, found.listeners)


def _show_interface(page: Page, interface: Interface, *, known: bool) -> None:
    state = _("up") if interface.up else _("down")
    if interface.up and not interface.running:
        state = _("up, no carrier")
    mtu = f"MTU {interface.mtu}" if interface.mtu is not None else ""
    tone = "plain" if interface.up else "look"
    page.station(interface.name, state if known else "", mtu, tone)
    if interface.mac is not None and interface.kind is LinkKind.ETHERNET:
        page.line(("MAC   ", "dim"), (interface.mac, "fact"))
    for address in interface.addresses:
        network = _("in {network}").format(network=address.network)
        page.line(
            (f"IPv{address.version}  ", "dim"), (str(address), "fact"), (f"  {network}", "dim")
        )


def _show_gateways(page: Page, found: Here) -> None:
    if not found.gateways:
        page.line((_("no default gateway: only listed networks can be reached"), "look"))
    names = {interface.index: interface.name for interface in found.interfaces}
    for hop in found.gateways:
        name = names.get(hop.interface or 0, "?")
        via = str(hop.gateway) if hop.gateway is not None else _("the link itself")
        page.line((f"{_('default gateway')}  ", "why"), (via, "fact"), (f"  dev {name}", "dim"))


def _show_listeners(page: Page, listeners: tuple[Listener, ...]) -> None:
    if not listeners:
        page.line((_("no program listens"), "why"))
        return
    page.line((_("listening programs"), "fact"))
    for found in listeners:
        host = f"[{found.address}]" if found.address.version == 6 else str(found.address)
        program = found.program or _("(not shown to this user)")
        pid = f" pid {found.pid}" if found.pid is not None else ""
        page.line(
            (f"{found.protocol.upper()}  ", "dim"),
            (f"{host + ':' + str(found.port):<28}  ", "fact"),
            (program, "why"),
            (pid, "dim"),
            indent=2,
        )
