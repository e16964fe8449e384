"""Every word the page of `plainwire path` itself says, so that the catalogue holds it. Pure.

As `words.py` does for the page of a run; written by tools/page_words.py from web/src/path.
"""

from __future__ import annotations

from plainwire.i18n import N_
from plainwire.web.speech import chinese as lookup

WORDS: tuple[str, ...] = (
    N_("AND in binary"),
    N_("Another destination"),
    N_("Arrow keys go from station to station, Enter opens one, Escape closes it."),
    N_("Ask for the MAC now"),
    N_("Both addresses"),
    N_("From which address to which, by which interface, and why?"),
    N_("Port {port} among all ports; source ports are picked from {low} to {high}"),
    N_("Protocol"),
    N_("Same network or gateway? The textbook's answer and the kernel's."),
    N_("Show its path"),
    N_("Stations of the packet, from the program to the wire"),
    N_("The interface"),
    N_("The kernel: the row with the longest matching prefix"),
    N_("The page's data could not be read"),
    N_("The port"),
    N_("The server of this page does not answer; it ended with its command."),
    N_("The textbook: AND with my mask"),
    N_("What fits into one packet"),
    N_("What the program calls"),
    N_("Which addresses does the name have, and which one is tried?"),
    N_("Which bytes leave, and to which layer does each belong?"),
    N_("Which port, who listens there, and how much fits into one packet?"),
    N_("Whose MAC is written on the frame?"),
    N_("Why this source"),
    N_("another network"),
    N_("asking …"),
    N_("asks for no bit: contains everything"),
    N_("bits that match"),
    N_("bytes"),
    N_("dark / light"),
    N_("destination"),
    N_("dynamic"),
    N_("explained here"),
    N_("field"),
    N_("first bit that differs"),
    N_("host bits"),
    N_("mask /{length}"),
    N_("mine"),
    N_("network bits"),
    N_("next hop"),
    N_("no bytes yet"),
    N_("not known before the question above is answered"),
    N_("not shown: the addresses of the link are not known"),
    N_("offset"),
    N_("policy rules, in order"),
    N_("registered"),
    N_("row"),
    N_("rows that contain the destination"),
    N_("same network"),
    N_("sends an {protocol} question; this page says what was sent"),
    N_("skipped: no way there"),
    N_("source"),
    N_("source port: the kernel picks from {low}-{high}"),
    N_("state of the entry"),
    N_("the kernel picks the value when it sends, or it covers one that it picks"),
    N_("the path of a packet"),
    N_("value"),
    N_("well-known"),
    N_("why"),
    N_("{common} of {length} bits"),
    N_("{count} bytes"),
    N_("{count} rows do not contain it; the nearest"),
)


def chinese() -> dict[str, str]:
    """Every word of the page that has a Chinese form, by its English text."""
    translate = lookup()
    return {word: said for word in WORDS if (said := translate(word)) != word}
