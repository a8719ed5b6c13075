"""Evidence packs: one ZIP that proves itself, made from the ledger up to one entry."""
