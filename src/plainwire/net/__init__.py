"""The path of a packet: what this machine's kernel would do, said step by step.

    question --> names --> snapshot (facts) --> explain (pure) --> stations, text, JSON

A *snapshot* is what the kernel answered, a *row* is one line of a routing table, a *step*
is one part of the explanation, a *reason* is a code with its values; words are chosen from
codes by `words`, so that every language and the JSON come from the same facts.

Pure (no socket, file or clock): model, subnet, lookup, frame, ports, explain, stations,
words. They ask the system: names, kernel, portable, neighbours, listeners.
"""
