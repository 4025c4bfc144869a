"""The simulated Twilio; see `simulator.py` for its controls."""

from app.sandbox.simulators.twilio.simulator import TwilioSimulator

__all__ = ["TwilioSimulator"]
