"""Plan → Prefect: what is deployed (compile, apply), what it runs on (stack, worker), and the command line."""
