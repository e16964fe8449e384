"""Delivering a published message to every subscriber, with history.

broker: the contract of a store that orders messages. memory and sqlite: two of them.
hub: who listens here, and what happens to one that reads too slowly.
"""
