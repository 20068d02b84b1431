"""Links: octets on a wire into the octets of APDUs and back, without input or output of their own."""
