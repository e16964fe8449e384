"""Tests of see/capture; a package so that its helper modules have names of their own."""
