"""``python -m github_models_azure`` is the command ``github-models``."""

import sys

from .cli import main

if __name__ == "__main__":
    sys.exit(main())
