"""The one blueprint of this feature's pages."""

from flask import Blueprint

bp = Blueprint("mailings", __name__)
