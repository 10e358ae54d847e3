"""Where the packages are; everything else is in pyproject.toml."""

from setuptools import find_packages, setup

setup(
    packages=[*find_packages(include=["pysig_twisted", "pysig_twisted.*"]), "twisted.plugins"],
    # Naming the root puts it on sys.path for `pip install -e .`. Without this line an editable
    # install imports well, but twistd does not find the plugin.
    package_dir={"": "."},
    package_data={
        "pysig_twisted": ["py.typed"],
        "pysig_twisted.bridge": ["presetfiles/*.toml"],
    },
)
