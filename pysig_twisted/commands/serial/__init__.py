"""
C{pysig serial}: the serial ports of this machine, and the devices that bridges have.
"""
