"""Engines: the ways to run a decoder on this machine."""
