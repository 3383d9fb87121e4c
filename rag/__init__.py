"""Vouch answers questions about research papers and vouches for every sentence."""

__version__ = "0.1.0"
