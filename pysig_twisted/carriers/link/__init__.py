"""
A reliable link over a line that loses and damages bytes, with a router at each end.
"""
