"""The package against servers by other people, and the SDK's samples against all of them."""
