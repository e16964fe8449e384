"""Tests of `plainwire.net`; a package, so that names of files here are its own."""
