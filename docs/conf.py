"""Sphinx settings; `nox -s docs` builds with every warning an error."""

from github_models_azure._version import __version__

project = "github_models_azure"
author = "The github_models_azure maintainers"
copyright = f"2026, {author}"  # noqa: A001 - the name that Sphinx reads
version = release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc"]
exclude_patterns = ["_build", "samples"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

autodoc_default_options = {"members": True, "show-inheritance": True, "member-order": "bysource"}
autodoc_inherit_docstrings = False  # the SDK documents what is inherited from it
autodoc_preserve_defaults = True

# Only references to our own public names are checked: the build must work without a network, so
# there is no inventory of the names of Python and of the SDK.
nitpick_ignore_regex = [
    (r"py:.*", r"(?!github_models_azure\.).*"),
    (r"py:.*", r"github_models_azure\.(.*\.)?_.*"),
]
suppress_warnings = ["ref.python"]  # a name offered by two packages is found twice

html_theme = "furo"
html_title = f"github_models_azure {__version__}"
