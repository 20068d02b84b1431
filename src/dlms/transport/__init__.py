"""Transports: TCP, UDP, serial ports and in-process pairs, for threads and for asyncio."""
