"""What every page stands in: settings, sessions, sign-in, permissions, forms."""
