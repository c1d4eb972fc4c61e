"""UNIX Task Manager: background work with the UNIX process model, over HTTP."""

__version__ = "0.1.0"
