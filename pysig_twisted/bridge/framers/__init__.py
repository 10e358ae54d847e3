"""
Ways of telling where a frame begins and ends.

L{delimited}: lines. L{stuffed}: COBS and SLIP. L{sentences}: NMEA 0183.
L{bracketed}: between STX and ETX. L{counted}: of a fixed or of a told length.
L{silent}: until nothing comes. L{checked} adds a checksum to any of them.
"""
