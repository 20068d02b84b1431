"""Associations: opening and releasing them, and every service within, without input or output of their own."""
