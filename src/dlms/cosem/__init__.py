"""COSEM: interface classes, and the profiles that they keep."""
