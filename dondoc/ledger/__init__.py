"""The hash-chained ledger, its findings and its witnesses."""
