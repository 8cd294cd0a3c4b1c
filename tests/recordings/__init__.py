"""Real answers of real endpoints, replayed through the clients and compared with a plain reading.

The recordings are third-party data and stay outside this repository.
"""
