"""A real microcontroller's firmware, simulated to the cycle, as a serial device for tests."""
