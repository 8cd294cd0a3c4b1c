"""The clients: base, assembly from settings, transport and start-up check."""
