"""The simulated Twilio; see `simulator.py` for its controls."""

from app.simulators.twilio.simulator import TwilioSimulator

__all__ = ["TwilioSimulator"]
