"""The portal as one application, and its interface."""
