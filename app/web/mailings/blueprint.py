"""Blueprint of the mailing pages."""

from flask import Blueprint

bp = Blueprint("mailings", __name__)
