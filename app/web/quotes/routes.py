"""Routes of the quote pages."""

from app.web.quotes import colleagues as colleagues
from app.web.quotes import customers as customers
from app.web.quotes.blueprint import bp, public

blueprints = (bp, public)
