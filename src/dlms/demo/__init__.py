"""Telegrams and a load profile in the shapes that meters send, with synthetic values, and what they state."""
