"""Tests of plainwire.see.recorder."""
