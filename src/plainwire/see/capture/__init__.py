"""Packets: obtained from the kernel or a file, decoded, and read as TCP states.

Pure parts (bytes in, values out): `decode`, `dissect`, `sequence`, `flows`,
`tcp_states`, `recognise`, `pcapng`, `bpf`. Parts that touch the kernel or files: `ring`,
`live`, `private_net`, `counters`, `clock`, `capture_file`, `recorded`. Nothing here knows
of calls or source lines; the ledger joins those.
"""
