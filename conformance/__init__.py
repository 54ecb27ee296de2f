"""Checks recurrent layers of real frameworks against the oracle `refimpl`."""
