"""A stand-in for SendGrid: its API, its event webhook with a key of its own, its inbound parse."""

from app.sandbox.simulators.sendgrid.app import create_sendgrid_app

__all__ = ["create_sendgrid_app"]
