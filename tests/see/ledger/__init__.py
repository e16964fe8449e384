"""Tests of plainwire.see.ledger."""
