"""Who there is and what the office chose: units, roles, policy, delegation, and its words."""
