"""Tests of plainwire.see.diagnosis."""
