"""Own a descriptor and move bytes; above them, peers that move whole messages.

A *stream* moves ordered bytes; a *session* is the pure state of one conversation;
`Peer` (blocking) and `AsyncPeer` (asyncio) are thin types over it.
"""
