"""Plan documents as bytes → the lines, tables and cells they hold, each with its place."""
