"""Case referral and warm handover between OCMW and VDAB."""

__version__ = "0.1.0"
