"""Parts of srfer that need more than the core install."""

from __future__ import annotations

from importlib.util import find_spec

from .errors import ConfigError


def require(extra: str, *modules: str) -> None:
    """Make sure that an extra is installed, before any work is done for nothing.

    Args:
        extra: name in pyproject.toml.
        modules: what has to be there.

    Raises:
        ConfigError: naming the command that installs it.
    """
    missing = [module for module in modules if find_spec(module) is None]
    if missing:
        raise ConfigError(f"this needs {', '.join(missing)}: pip install 'srfer[{extra}]'")
