"""Settings: from arguments, environment and files to endpoints and options."""
