"""fieldlab's runner: runs dbt, applies the rules to the marts, publishes what they find."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("fieldlab")
except PackageNotFoundError:  # running from a checkout that was not installed
    __version__ = "0+unknown"
