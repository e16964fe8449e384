"""The ledger: what was observed, joined. Pure: items in, a `Ledger` out.

model.py      the words: process, call, endpoint, flow, direction, range
build.py      items -> ledger; the joins, as numbered invariants
pairing.py    which accepted connection is which connect()'s; addresses.py as values
ranges.py     byte ranges of a stream: who wrote them, who read them
datagrams.py  which received datagram is which sent one
holders.py    which process holds an endpoint from when to when
waits.py      who waits for whom, from a sample of the kernel
packets.py    each segment and the calls whose bytes it carries; wire.py its words
causes.py     the line that caused a SYN, FIN or RST; states.py what it brought
glue.py       where two sends were glued
foreign.py    a capture without calls; carried.py its datagrams and ICMP errors;
              copies.py what it holds twice
"""
