"""What a port number says by itself.

Pure. Rules: RFC 6335 section 6 (three ranges); Linux picks source ports from its own
range (`net.ipv4.ip_local_port_range`), which is not the registry's.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PortFacts:
    """A port's range as a code of `words`, its service name, and the kernel's view.

    `privileged`: binding it needs CAP_NET_BIND_SERVICE here. `kernel_picks`: the kernel
    may hand it out as a source port, which are those of `ephemeral`, both ends included.
    """

    number: int
    kind: str
    service: str | None
    privileged: bool
    kernel_picks: bool
    ephemeral: tuple[int, int] = (32768, 60999)


def classify(
    number: int, service: str | None, ephemeral: tuple[int, int], unprivileged_from: int
) -> PortFacts:
    """Place a port, 0 to 65535, in the registry's and the kernel's ranges."""
    if number < 1024:
        kind = "port-well-known"
    else:
        kind = "port-registered" if number < 49152 else "port-dynamic"
    return PortFacts(
        number=number,
        kind=kind,
        service=service,
        privileged=number < unprivileged_from,
        kernel_picks=ephemeral[0] <= number <= ephemeral[1],
        ephemeral=ephemeral,
    )
