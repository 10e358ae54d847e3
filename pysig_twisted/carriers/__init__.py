"""
What bytes travel on, where Twisted has no endpoint for it.
"""
