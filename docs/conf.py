"""Sphinx builds the pages, and pydoctor the API reference inside them. Neither needs a network."""

from __future__ import annotations

import sys
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parent.parent

with (ROOT / "pyproject.toml").open("rb") as file:
    release = version = tomllib.load(file)["project"]["version"]

project = "pysig_twisted"
author = "pysig_twisted contributors"
copyright = "2026, pysig_twisted contributors"

extensions = [
    "myst_parser",
    "sphinx.ext.intersphinx",  # pydoctor's extension does not start without it
    "pydoctor.sphinx_ext.build_apidocs",
]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
exclude_patterns = ["_build"]
myst_heading_anchors = 3
myst_enable_extensions = ["deflist", "fieldlist"]

# Links to other projects' inventories would need a network.
intersphinx_mapping: dict[str, object] = {}

pydoctor_args = [
    "--project-name=pysig_twisted",
    f"--project-version={release}",
    f"--project-base-dir={ROOT}",
    "--docformat=epytext",
    "--html-output={outdir}/api",
    "--theme=readthedocs",
    "--privacy=HIDDEN:**.__post_init__",
    str(ROOT / "pysig_twisted"),
]
pydoctor_url_path = "api/"

html_theme = "furo"
html_title = f"pysig_twisted {release}"
html_show_sphinx = False
