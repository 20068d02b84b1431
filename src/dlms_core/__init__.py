"""The compiled core: octets in; values, messages and numpy-ready columns out.

Nothing here opens a socket, reads a clock or draws a random number, and nothing here imports ``dlms``.
"""
