"""The simulated WhatsApp Business Platform; see `simulator.py` for its controls."""

from app.sandbox.simulators.whatsapp.simulator import WhatsAppSimulator

__all__ = ["WhatsAppSimulator"]
