"""Routes of this feature."""

from flask import Blueprint

blueprints: tuple[Blueprint, ...] = ()
